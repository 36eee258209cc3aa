package dev.weir.affinity;

import java.util.concurrent.atomic.AtomicReference;

import dev.weir.queue.WaitQueues;

/**
 * The place of a request among those that wait in a pool, which {@code max-waiting}
 * limits. Safe for many threads.
 */
final class WaitingPlace {

	private final WaitQueues queues;

	private final AtomicReference<State> state = new AtomicReference<>(State.NEW);

	WaitingPlace(WaitQueues queues) {
		this.queues = queues;
	}

	/**
	 * Takes the place, once.
	 * @return whether it was taken, now or before, and not released since
	 */
	boolean take() {
		if (this.state.get() != State.NEW) {
			return this.state.get() == State.TAKEN;
		}
		if (!this.queues.tryEnter()) {
			return false;
		}
		if (!this.state.compareAndSet(State.NEW, State.TAKEN)) {
			this.queues.leave();
		}
		return this.state.get() == State.TAKEN;
	}

	/** Releases the place if it was taken. It cannot be taken again. */
	void release() {
		if (this.state.getAndSet(State.RELEASED) == State.TAKEN) {
			this.queues.leave();
		}
	}

	private enum State {

		NEW, TAKEN, RELEASED

	}

}
