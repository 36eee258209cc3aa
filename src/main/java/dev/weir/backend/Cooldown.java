package dev.weir.backend;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Predicate;

import com.github.benmanes.caffeine.cache.Ticker;
import org.jspecify.annotations.Nullable;

/**
 * The current cooldown of a lane, a backend or an operation. It uses a monotonic clock,
 * so that a change of the wall clock has no effect. Safe for many threads, never blocks.
 */
public final class Cooldown {

	private final Ticker ticker;

	private final AtomicReference<@Nullable Period> current = new AtomicReference<>();

	Cooldown(Ticker ticker) {
		this.ticker = ticker;
	}

	/**
	 * Begins a cooldown. A cooldown is never shortened: while a longer one runs, this
	 * method has no effect.
	 * @param duration the duration from now on; no effect if it is not positive
	 * @param reason the reason
	 */
	void begin(Duration duration, CooldownReason reason) {
		begin(duration, reason, null);
	}

	/**
	 * Begins a cooldown because of a refusal.
	 * @param duration the duration from now on; no effect if it is not positive
	 * @param reason the reason
	 * @param refusal the refusal, or {@code null}
	 */
	void begin(Duration duration, CooldownReason reason, @Nullable Refusal refusal) {
		if (duration.isZero() || duration.isNegative()) {
			return;
		}
		Period period = new Period(this.ticker.read() + duration.toNanos(), reason, refusal);
		this.current.accumulateAndGet(period,
				(running, next) -> (running == null || next == null || running.endsBefore(next)) ? next : running);
	}

	/**
	 * The remaining time.
	 * @return the remaining time, zero if there is no cooldown
	 */
	public Duration left() {
		Period period = this.current.get();
		long nanos = (period != null) ? period.end() - this.ticker.read() : 0;
		return (nanos > 0) ? Duration.ofNanos(nanos) : Duration.ZERO;
	}

	/**
	 * Whether the cooldown is over.
	 * @return whether there is no cooldown
	 */
	public boolean isOver() {
		Period period = this.current.get();
		return period == null || period.end() - this.ticker.read() <= 0;
	}

	/**
	 * Whether the last cooldown has ended a short time ago.
	 * @param time how long ago at most, exclusive
	 * @return {@code false} also during a cooldown
	 */
	boolean hasEndedWithin(Duration time) {
		Period period = this.current.get();
		long since = (period != null) ? this.ticker.read() - period.end() : -1;
		return since >= 0 && since < time.toNanos();
	}

	/**
	 * The reason of the current cooldown.
	 * @return the reason, or {@code null} if there is no cooldown
	 */
	public @Nullable CooldownReason reason() {
		Period period = this.current.get();
		return (period != null && period.end() - this.ticker.read() > 0) ? period.reason() : null;
	}

	/**
	 * The refusal that started the current cooldown.
	 * @return the refusal, or {@code null} if there is none
	 */
	@Nullable Refusal refusal() {
		Period period = this.current.get();
		return (period != null && period.end() - this.ticker.read() > 0) ? period.refusal() : null;
	}

	/**
	 * Ends the cooldown earlier.
	 * @param most the longest time that may be left
	 */
	void shortenTo(Duration most) {
		long end = this.ticker.read() + most.toNanos();
		this.current.updateAndGet((period) -> (period != null && period.end() - end > 0)
				? new Period(end, period.reason(), period.refusal()) : period);
	}

	/**
	 * Ends the cooldown if its reason no longer holds.
	 * @param obsolete accepts the reasons that do not hold
	 */
	void endIf(Predicate<CooldownReason> obsolete) {
		this.current.updateAndGet((period) -> (period != null && obsolete.test(period.reason())) ? null : period);
	}

	private record Period(long end, CooldownReason reason, @Nullable Refusal refusal) {

		// a difference, because a monotonic clock may pass Long.MAX_VALUE
		boolean endsBefore(Period other) {
			return this.end - other.end < 0;
		}

	}

}
