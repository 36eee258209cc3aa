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
		this.tasks.add(task);
		if (this.waiting.getAndIncrement() != 0) {
			return;
		}
		@Nullable Throwable thrown = null;
		do {
			Runnable next = this.tasks.poll();
			try {
				if (next != null) {
					next.run();
				}
			}
			catch (RuntimeException | Error ex) {
				// without the others' turn nothing would ever end the request
				thrown = (thrown != null) ? thrown : ex;
			}
		}
		while (this.waiting.decrementAndGet() != 0);
		if (thrown != null) {
			throw Exceptions.propagate(thrown);
		}
	}

}
