package dev.weir;

import java.time.Duration;
import java.util.List;

import io.netty.buffer.ByteBufAllocator;
import io.netty.util.ResourceLeakDetector;
import org.junit.jupiter.api.Test;

import dev.weir.testing.LeakCheck;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

/**
 * A leaked buffer fails the test class that leaked it.
 */
class BufferLeakTests {

	@Test
	void aLeakedBufferFailsItsTestClassAndNoOther() throws InterruptedException {
		assertThat(ResourceLeakDetector.getLevel()).isEqualTo(ResourceLeakDetector.Level.PARANOID);
		leak();
		await().atMost(Duration.ofSeconds(30))
			.untilAsserted(() -> assertThatExceptionOfType(AssertionError.class).isThrownBy(LeakCheck::check)
				.withMessageContaining("leaked buffers"));
		LeakCheck.check();
	}

	private static void leak() {
		List.of(ByteBufAllocator.DEFAULT.directBuffer(16));
	}

}
