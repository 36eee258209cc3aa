package dev.weir.backend;

import java.time.Duration;
import java.util.EnumSet;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;

import com.github.benmanes.caffeine.cache.Ticker;
import org.jspecify.annotations.Nullable;

import dev.weir.openai.call.Operation;

/**
 * Which operations a lane does not serve for now, and which it has served. Nothing is
 * recorded for {@link Operation#OTHER}, which comprises many operations. Safe for many
 * threads, never blocks.
 */
final class LaneOperations {

	private static final int COUNT = Operation.values().length;

	private final Ticker ticker;

	private final AtomicReferenceArray<@Nullable Cooldown> cooldowns = new AtomicReferenceArray<>(COUNT);

	// a bit for each operation
	private final AtomicInteger served = new AtomicInteger();

	LaneOperations(Ticker ticker) {
		this.ticker = ticker;
	}

	void onServed(Operation operation) {
		int bit = 1 << operation.ordinal();
		if ((this.served.get() & bit) == 0) {
			this.served.accumulateAndGet(bit, (known, more) -> known | more);
		}
	}

	/**
	 * Sets an operation aside.
	 * @param operation the operation
	 * @param implied whether the refusal only suggests that the backend does not know it:
	 * an operation that the lane has served before is then not set aside
	 * @param duration how long
	 * @param refusal the refusal
	 */
	void setAside(Operation operation, boolean implied, Duration duration, Refusal refusal) {
		boolean known = (this.served.get() & (1 << operation.ordinal())) != 0;
		if (operation == Operation.OTHER || (implied && known)) {
			return;
		}
		Cooldown cooldown = this.cooldowns.get(operation.ordinal());
		if (cooldown == null) {
			this.cooldowns.compareAndSet(operation.ordinal(), null, new Cooldown(this.ticker));
			cooldown = this.cooldowns.get(operation.ordinal());
		}
		if (cooldown != null) {
			cooldown.begin(duration, CooldownReason.NOT_SERVED, refusal);
		}
	}

	boolean isServing(Operation operation) {
		Cooldown cooldown = this.cooldowns.get(operation.ordinal());
		return cooldown == null || cooldown.isOver();
	}

	/**
	 * How long an operation stays set aside.
	 * @param operation the operation
	 * @return the remaining time, zero if it is served
	 */
	Duration left(Operation operation) {
		Cooldown cooldown = this.cooldowns.get(operation.ordinal());
		return (cooldown != null) ? cooldown.left() : Duration.ZERO;
	}

	Set<Operation> notServed() {
		Set<Operation> missing = EnumSet.noneOf(Operation.class);
		for (Operation operation : Operation.values()) {
			if (!isServing(operation)) {
				missing.add(operation);
			}
		}
		return missing;
	}

	/** Serves all operations again. */
	void clear() {
		for (int i = 0; i < COUNT; i++) {
			this.cooldowns.set(i, null);
		}
	}

}
