package dev.weir.failover;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;

import org.jspecify.annotations.Nullable;
import reactor.core.Exceptions;

/**
 * Runs tasks one after the other, on whichever thread brings them: what a backend's
 * connection, the client's connection and timers tell never meets. Never blocks; a task
 * that comes while another runs is run by that one's thread. What a task throws goes to
 * whoever runs it, after the others have had their turn.
 */
final class SerialExecutor implements Executor {

	private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();

	private final AtomicInteger waiting = new AtomicInteger();

	@Override
	public void execute(Runnable task) {
		@Nullable Throwable thrown = null;
		// mostly nobody is in the way
		if (this.waiting.compareAndSet(0, 1)) {
			thrown = run(task, null);
		}
		else {
			this.tasks.add(task);
			if (this.waiting.getAndIncrement() != 0) {
				return;
			}
			thrown = run(this.tasks.poll(), null);
		}
		while (this.waiting.decrementAndGet() != 0) {
			thrown = run(this.tasks.poll(), thrown);
		}
		if (thrown != null) {
			throw Exceptions.propagate(thrown);
		}
	}

	/** Without the others' turn nothing would ever end the request. */
	private static @Nullable Throwable run(@Nullable Runnable task, @Nullable Throwable thrown) {
		try {
			if (task != null) {
				task.run();
			}
			return thrown;
		}
		catch (RuntimeException | Error ex) {
			return (thrown != null) ? thrown : ex;
		}
	}

}
