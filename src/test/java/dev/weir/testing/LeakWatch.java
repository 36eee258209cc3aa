package dev.weir.testing;

import java.lang.ref.ReferenceQueue;
import java.lang.ref.WeakReference;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufUtil;
import io.netty.util.ResourceLeakDetector;

/**
 * Watches for Netty's buffers that are dropped without being released.
 */
public final class LeakWatch implements AutoCloseable {

	private final List<String> leaks = new CopyOnWriteArrayList<>();

	private final ResourceLeakDetector.Level level = ResourceLeakDetector.getLevel();

	private LeakWatch() {
		ResourceLeakDetector.setLevel(ResourceLeakDetector.Level.PARANOID);
		ByteBufUtil.setLeakListener((type, records) -> this.leaks.add(type + " " + records));
	}

	public static LeakWatch start() {
		return new LeakWatch();
	}

	/**
	 * The buffers that were dropped so far.
	 * @return where each was last seen
	 * @throws InterruptedException if the thread is interrupted
	 */
	public List<String> found() throws InterruptedException {
		// what was dropped is known when it is collected, and told when a
		// buffer is allocated
		ReferenceQueue<Object> collected = new ReferenceQueue<>();
		WeakReference<Object> dropped = new WeakReference<>(new Object(), collected);
		System.gc();
		if (collected.remove(10_000) != dropped) {
			throw new IllegalStateException("Nothing was collected");
		}
		ByteBufAllocator.DEFAULT.buffer().release();
		return List.copyOf(this.leaks);
	}

	@Override
	public void close() {
		ByteBufUtil.setLeakListener(null);
		ResourceLeakDetector.setLevel(this.level);
	}

}
