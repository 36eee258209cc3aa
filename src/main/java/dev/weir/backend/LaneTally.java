package dev.weir.backend;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;

/**
 * Counts a lane's attempts. Safe for many threads, never blocks.
 */
final class LaneTally {

	private final AtomicInteger inFlight = new AtomicInteger();

	private final LongAdder attempts = new LongAdder();

	private final LongAdder served = new LongAdder();

	private final LongAdder rejected = new LongAdder();

	private final LongAdder throttled = new LongAdder();

	private final LongAdder failed = new LongAdder();

	void onBegin() {
		this.inFlight.incrementAndGet();
		this.attempts.increment();
	}

	void onEnd(Outcome outcome) {
		this.inFlight.decrementAndGet();
		switch (outcome.type()) {
			case SERVED -> this.served.increment();
			case REJECTED, TOO_LONG, NOT_MINE, TOO_LARGE -> this.rejected.increment();
			case THROTTLED, OUT_OF_QUOTA -> this.throttled.increment();
			case FAILED, DENIED, NO_CREDENTIAL, NOT_SERVED, BROKEN -> this.failed.increment();
			case CANCELLED -> {
				// has no result
			}
		}
	}

	int inFlight() {
		return this.inFlight.get();
	}

	LaneCounts counts() {
		return new LaneCounts(this.inFlight.get(), this.attempts.sum(), this.served.sum(), this.rejected.sum(),
				this.throttled.sum(), this.failed.sum());
	}

}
