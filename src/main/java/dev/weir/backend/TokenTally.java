package dev.weir.backend;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.LongAdder;

import com.github.benmanes.caffeine.cache.Ticker;

import dev.weir.openai.stream.Usage;

/**
 * Counts the tokens of a lane: those of the last minute, in steps of ten seconds, and
 * those of prompts since the start. Safe for many threads, never blocks; while a step
 * begins, a few tokens may be lost.
 */
final class TokenTally {

	private static final long STEP = Duration.ofSeconds(10).toNanos();

	private static final int STEPS = 6;

	/** About how many requests the average considers. */
	private static final int AVERAGED = 16;

	/** The steps of the last minute, and the current one, which has just begun. */
	private final AtomicLongArray counts = new AtomicLongArray(STEPS + 1);

	private final AtomicLong current = new AtomicLong();

	private final LongAdder prompt = new LongAdder();

	private final LongAdder cached = new LongAdder();

	// a lost update of concurrent requests does not matter
	private volatile double average;

	private final Ticker ticker;

	private final long start;

	TokenTally(Ticker ticker) {
		this.ticker = ticker;
		this.start = ticker.read();
	}

	/**
	 * Adds tokens to the last minute.
	 * @param tokens the tokens
	 * @return the step that they are counted in
	 */
	long add(long tokens) {
		long step = advance();
		this.counts.addAndGet(slot(step), tokens);
		return step;
	}

	/**
	 * Removes tokens that were added before, unless they do not count any more.
	 * @param tokens the tokens
	 * @param step the step that they were counted in
	 */
	void remove(long tokens, long step) {
		if (advance() - step <= STEPS) {
			this.counts.addAndGet(slot(step), -tokens);
		}
	}

	void record(Usage usage) {
		this.prompt.add(usage.inputTokens());
		this.cached.add(usage.cachedTokens());
		long used = usage.inputTokens() + usage.outputTokens();
		double last = this.average;
		this.average = (last == 0) ? used : last + (used - last) / AVERAGED;
	}

	/**
	 * The tokens of a usual request with its response.
	 * @param unknown the result if no response has reported its usage
	 * @return the moving average, at least 1
	 */
	long perRequest(long unknown) {
		double known = this.average;
		return Math.max(1, (known > 0) ? Math.round(known) : unknown);
	}

	/** The tokens of the last minute. */
	long lastMinute() {
		advance();
		long sum = 0;
		for (int i = 0; i <= STEPS; i++) {
			sum += this.counts.get(i);
		}
		return Math.max(0, sum);
	}

	long prompt() {
		return this.prompt.sum();
	}

	long cached() {
		return this.cached.sum();
	}

	/**
	 * Empties the steps that have begun since the last call. Returns the current step.
	 */
	private long advance() {
		long now = (this.ticker.read() - this.start) / STEP;
		long last = this.current.get();
		if (now > last && this.current.compareAndSet(last, now)) {
			for (long step = Math.max(last, now - STEPS - 1) + 1; step <= now; step++) {
				this.counts.set(slot(step), 0);
			}
		}
		return now;
	}

	private static int slot(long step) {
		return (int) (step % (STEPS + 1));
	}

}
