package dev.weir.affinity;

import java.util.concurrent.atomic.AtomicBoolean;

import dev.weir.queue.WaitQueues;

/**
 * The place of a request among those that wait in a pool, which {@code max-waiting}
 * limits. Safe for many threads.
 */
final class WaitingPlace {

	private final WaitQueues queues;

	private final AtomicBoolean taken = new AtomicBoolean();

	WaitingPlace(WaitQueues queues) {
		this.queues = queues;
	}

	/**
	 * Takes the place, once.
	 * @return whether it was taken, now or before
	 */
	boolean take() {
		if (this.taken.get()) {
			return true;
		}
		if (!this.queues.tryEnter()) {
			return false;
		}
		if (!this.taken.compareAndSet(false, true)) {
			this.queues.leave();
		}
		return true;
	}

	boolean isTaken() {
		return this.taken.get();
	}

	/** Releases the place if it was taken. */
	void release() {
		if (this.taken.compareAndSet(true, false)) {
			this.queues.leave();
		}
	}

}
