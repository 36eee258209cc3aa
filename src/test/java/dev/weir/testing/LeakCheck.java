package dev.weir.testing;

import java.lang.ref.ReferenceQueue;
import java.lang.ref.WeakReference;

import io.netty.buffer.ByteBufAllocator;
import io.netty.util.ResourceLeakDetector;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Fails each test class in which a buffer of Netty was dropped without being released.
 * JUnit applies it to all classes. One collection of garbage for each class: one for each
 * test takes minutes in all.
 */
public final class LeakCheck implements AfterAllCallback {

	@Override
	public void afterAll(ExtensionContext context) throws InterruptedException {
		check();
	}

	/**
	 * Fails if a buffer was leaked since the last call.
	 * @throws InterruptedException if the thread is interrupted
	 */
	public static void check() throws InterruptedException {
		if (ResourceLeakDetector.isEnabled()) {
			collect();
			assertThat(LeakRecorder.takeLeaks()).as("leaked buffers").isEmpty();
		}
	}

	// a dropped buffer is found when it is collected, and reported when another is
	// allocated
	private static void collect() throws InterruptedException {
		ReferenceQueue<Object> collected = new ReferenceQueue<>();
		WeakReference<Object> dropped = new WeakReference<>(new Object(), collected);
		System.gc();
		if (collected.remove(10_000) != dropped) {
			throw new IllegalStateException("Nothing was collected");
		}
		ByteBufAllocator.DEFAULT.directBuffer(16).release();
	}

}
