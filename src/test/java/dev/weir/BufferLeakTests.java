package dev.weir;

import java.time.Duration;
import java.util.List;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.util.ResourceLeakDetector;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;

import dev.weir.testing.LeakRecorder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Fails if any test before it has leaked a buffer. It runs last.
 */
@Order(Integer.MAX_VALUE)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class BufferLeakTests {

	@Test
	@Order(1)
	void noTestHasLeakedABuffer() {
		// Netty reports a leak when it allocates a buffer after a garbage collection
		for (int i = 0; i < 5; i++) {
			collectAndAllocate();
		}
		assertThat(LeakRecorder.leaks()).isEmpty();
	}

	@Test
	@Order(2)
	void aLeakedBufferIsFound() {
		assertThat(ResourceLeakDetector.getLevel()).isEqualTo(ResourceLeakDetector.Level.PARANOID);
		leak();
		await().atMost(Duration.ofSeconds(30)).until(() -> {
			collectAndAllocate();
			return !LeakRecorder.leaks().isEmpty();
		});
		LeakRecorder.leaks().clear();
	}

	private static void leak() {
		List.of(ByteBufAllocator.DEFAULT.directBuffer(16));
	}

	private static void collectAndAllocate() {
		System.gc();
		for (int i = 0; i < 100; i++) {
			ByteBuf buffer = ByteBufAllocator.DEFAULT.directBuffer(16);
			buffer.release();
		}
	}

}
