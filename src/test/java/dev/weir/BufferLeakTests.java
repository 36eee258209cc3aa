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
 * Looks back over all tests before it: whether a buffer was lost in any of them.
 */
@Order(Integer.MAX_VALUE)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class BufferLeakTests {

	@Test
	@Order(1)
	void noTestHasLostABuffer() {
		// what is lost is found when the garbage collector has run and a
		// buffer is allocated
		for (int i = 0; i < 5; i++) {
			provoke();
		}
		assertThat(LeakRecorder.leaks()).isEmpty();
	}

	@Test
	@Order(2)
	void aLostBufferWouldHaveBeenFound() {
		assertThat(ResourceLeakDetector.getLevel()).isEqualTo(ResourceLeakDetector.Level.PARANOID);
		lose();
		await().atMost(Duration.ofSeconds(30)).until(() -> {
			provoke();
			return !LeakRecorder.leaks().isEmpty();
		});
		LeakRecorder.leaks().clear();
	}

	private static void lose() {
		List.of(ByteBufAllocator.DEFAULT.directBuffer(16));
	}

	private static void provoke() {
		System.gc();
		for (int i = 0; i < 100; i++) {
			ByteBuf buffer = ByteBufAllocator.DEFAULT.directBuffer(16);
			buffer.release();
		}
	}

}
