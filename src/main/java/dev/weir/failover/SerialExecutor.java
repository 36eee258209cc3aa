package dev.weir.failover;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Runs tasks one after the other, on whichever thread brings them: what a backend's
 * connection, the client's connection and timers tell never meets. Never blocks; a task
 * that comes while another runs is run by that one's thread.
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
		do {
			Runnable next = this.tasks.poll();
			if (next != null) {
				next.run();
			}
		}
		while (this.waiting.decrementAndGet() != 0);
	}

}
