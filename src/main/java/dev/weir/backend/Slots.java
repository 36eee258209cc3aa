package dev.weir.backend;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * Bounds how many attempts are in flight at once. Never more than the limit, however many
 * threads ask; never blocks.
 */
final class Slots {

	private final int limit;

	private final AtomicInteger taken = new AtomicInteger();

	Slots(int limit) {
		this.limit = limit;
	}

	boolean tryTake() {
		while (true) {
			int now = this.taken.get();
			if (now >= this.limit) {
				return false;
			}
			if (this.taken.compareAndSet(now, now + 1)) {
				return true;
			}
		}
	}

	void giveBack() {
		this.taken.decrementAndGet();
	}

	boolean isFull() {
		return this.taken.get() >= this.limit;
	}

	int taken() {
		return this.taken.get();
	}

}
