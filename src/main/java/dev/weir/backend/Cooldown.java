package dev.weir.backend;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicReference;

import com.github.benmanes.caffeine.cache.Ticker;
import org.jspecify.annotations.Nullable;

/**
 * How long something rests. Time is read from a monotonic clock, so that a jump of the
 * wall clock changes nothing. Safe for many threads, never blocks.
 */
public final class Cooldown {

	private final Ticker ticker;

	private final AtomicReference<@Nullable CooldownPeriod> current = new AtomicReference<>();

	Cooldown(Ticker ticker) {
		this.ticker = ticker;
	}

	/**
	 * Begins a rest. A rest is never shortened: while a longer one runs, this does
	 * nothing.
	 * @param duration how long to rest from now on; nothing happens if it is not positive
	 * @param reason why
	 */
	void begin(Duration duration, CooldownReason reason) {
		begin(duration, reason, null);
	}

	/**
	 * Begins a rest because of a refusal.
	 * @param duration how long to rest from now on; nothing happens if it is not positive
	 * @param reason why
	 * @param refusal what the backend said, or {@code null}
	 */
	void begin(Duration duration, CooldownReason reason, @Nullable Refusal refusal) {
		if (duration.isZero() || duration.isNegative()) {
			return;
		}
		CooldownPeriod rest = new CooldownPeriod(this.ticker.read() + duration.toNanos(), reason, refusal);
		this.current.accumulateAndGet(rest,
				(running, next) -> (running == null || next == null || running.endsBefore(next)) ? next : running);
	}

	/**
	 * The rest that is left.
	 * @return the rest left, zero if there is none
	 */
	public Duration left() {
		CooldownPeriod rest = this.current.get();
		long nanos = (rest != null) ? rest.end() - this.ticker.read() : 0;
		return (nanos > 0) ? Duration.ofNanos(nanos) : Duration.ZERO;
	}

	/**
	 * Whether the rest is over.
	 * @return whether there is no rest left
	 */
	public boolean isOver() {
		CooldownPeriod rest = this.current.get();
		return rest == null || rest.end() - this.ticker.read() <= 0;
	}

	/**
	 * Why it rests.
	 * @return the reason, or {@code null} if it does not rest
	 */
	public @Nullable CooldownReason reason() {
		CooldownPeriod rest = this.current.get();
		return (rest != null && rest.end() - this.ticker.read() > 0) ? rest.reason() : null;
	}

	/**
	 * What a backend said when it refused, if that is why it rests.
	 * @return what it said, or {@code null} if it does not rest or said nothing
	 */
	@Nullable Refusal refusal() {
		CooldownPeriod rest = this.current.get();
		return (rest != null && rest.end() - this.ticker.read() > 0) ? rest.refusal() : null;
	}

	private record CooldownPeriod(long end, CooldownReason reason, @Nullable Refusal refusal) {

		// a difference, because a monotonic clock may pass Long.MAX_VALUE
		boolean endsBefore(CooldownPeriod other) {
			return this.end - other.end < 0;
		}

	}

}
