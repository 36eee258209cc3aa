package dev.weir.failover;

import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.Executor;

/**
 * Runs tasks on the calling thread, one after the other, as a single thread would.
 */
public final class OneByOne implements Executor {

	private final Queue<Runnable> tasks = new ArrayDeque<>();

	private boolean running;

	@Override
	public void execute(Runnable task) {
		this.tasks.add(task);
		if (this.running) {
			return;
		}
		this.running = true;
		try {
			for (Runnable next = this.tasks.poll(); next != null; next = this.tasks.poll()) {
				next.run();
			}
		}
		finally {
			this.running = false;
		}
	}

}
