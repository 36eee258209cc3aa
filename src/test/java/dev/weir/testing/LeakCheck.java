package dev.weir.testing;

import java.lang.ref.ReferenceQueue;
import java.lang.ref.WeakReference;
import java.util.List;

import io.netty.buffer.ByteBufAllocator;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Fails a test class in which a buffer of Netty was dropped without being released. One
 * collection of garbage for each class: one for each test takes minutes in all.
 */
public final class LeakCheck implements BeforeAllCallback, AfterAllCallback {

	private int before;

	@Override
	public void beforeAll(ExtensionContext context) {
		this.before = LeakRecorder.leaks().size();
	}

	@Override
	public void afterAll(ExtensionContext context) throws InterruptedException {
		// a dropped buffer is found when it is collected, and reported when another is
		// allocated
		ReferenceQueue<Object> collected = new ReferenceQueue<>();
		WeakReference<Object> dropped = new WeakReference<>(new Object(), collected);
		System.gc();
		if (collected.remove(10_000) != dropped) {
			throw new IllegalStateException("Nothing was collected");
		}
		ByteBufAllocator.DEFAULT.directBuffer(16).release();
		List<String> leaks = LeakRecorder.leaks();
		assertThat(leaks.subList(this.before, leaks.size())).isEmpty();
	}

}
