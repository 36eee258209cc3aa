package dev.weir.failover;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;

import org.jspecify.annotations.Nullable;

import dev.weir.backend.CooldownReason;
import dev.weir.backend.DurationText;
import dev.weir.backend.Lane;
import dev.weir.backend.Outcome;
import dev.weir.openai.error.ApiError;
import dev.weir.openai.error.ApiErrorException;
import dev.weir.reply.RequestResult;
import dev.weir.request.Attempts;
import dev.weir.request.Candidates;
import dev.weir.request.FailoverState;

/**
 * The backends that do not know the reasoning or an item of a request. Their error is
 * right only if no other backend may know it: a backend that failed, or that cannot be
 * called now, may. So the client gets the same error in whatever order they were tried.
 * Used on the loop of the request only.
 */
final class UnknownItems {

	private static final Duration SOON = Duration.ofSeconds(1);

	private final FailoverState failover;

	private final List<Lane> lanes = new ArrayList<>(2);

	private @Nullable RequestResult error;

	private boolean limited;

	/**
	 * Creates the record of a request.
	 * @param failover the state of the request
	 */
	UnknownItems(FailoverState failover) {
		this.failover = failover;
	}

	/**
	 * Adds a backend that does not know something in the request.
	 * @param lane the lane that was called
	 */
	void add(Lane lane) {
		this.lanes.add(lane);
	}

	/** No further backend is asked: only one that was called and failed may know them. */
	void limit() {
		this.limited = true;
	}

	boolean isAny() {
		return !this.lanes.isEmpty();
	}

	/**
	 * Keeps the error of the backend that was added last.
	 * @param result the error, or {@code null} if it cannot be passed on
	 */
	void keep(@Nullable RequestResult result) {
		this.error = result;
	}

	/**
	 * Allows the lanes again that refused nothing but these items, because the request
	 * does not have them any more. Lanes that failed stay excluded.
	 */
	void release() {
		Candidates candidates = this.failover.candidates();
		for (Lane lane : candidates.lanes()) {
			if (isRefusedBy(lane) && !hasFailedOtherwise(lane)) {
				candidates.allowAgain(lane);
			}
		}
		this.lanes.clear();
		this.error = null;
	}

	private boolean isRefusedBy(Lane lane) {
		return this.lanes.stream().anyMatch((other) -> other.backend().isAtServerOf(lane.backend()));
	}

	private boolean hasFailedOtherwise(Lane lane) {
		return this.failover.attempts()
			.ended()
			.stream()
			.anyMatch((ended) -> ended.lane() == lane && !ended.outcome().type().isStoredElsewhere());
	}

	/**
	 * The error of the backend that was added last.
	 * @return the error if no other backend may know the items, else {@code null}
	 */
	@Nullable RequestResult finalError() {
		return (isAny() && possibleOwners().isEmpty()) ? this.error : null;
	}

	/**
	 * The lanes that may know the items, though the others do not.
	 * @return lanes of other servers that failed, or were not called; empty if no backend
	 * has refused the items
	 */
	List<Lane> possibleOwners() {
		if (!isAny()) {
			return List.of();
		}
		return this.failover.candidates().lanes().stream().filter(this::mayKnow).toList();
	}

	private boolean mayKnow(Lane lane) {
		if (isRefusedBy(lane)) {
			return false;
		}
		Outcome last = null;
		for (Attempts.Ended ended : this.failover.attempts().ended()) {
			last = (ended.lane() == lane) ? ended.outcome() : last;
		}
		return (last != null) ? mayKnow(last) : !this.limited && lane.cooldownReason() != CooldownReason.NOT_SERVED
				&& lane.isServing(this.failover.traits().operation());
	}

	private static boolean mayKnow(Outcome outcome) {
		return switch (outcome.type()) {
			case THROTTLED, OUT_OF_QUOTA, FAILED, DENIED, NO_CREDENTIAL, BROKEN -> true;
			case SERVED, TOO_LARGE, NOT_SERVED, REJECTED, TOO_LONG, NOT_MINE, CANCELLED -> false;
		};
	}

	/**
	 * Replaces an error that is wrong about the backends that were called: these are in
	 * service, and do not know the items.
	 * @param own the error
	 * @param why its reason
	 * @return an error that names the other backends, with their delay; the same error if
	 * it is about a failure or there are no other backends
	 */
	ApiErrorException describe(ApiErrorException own, Exhaustion why) {
		List<Lane> others = possibleOwners();
		if (others.isEmpty() || !isAboutAll(why)) {
			return own;
		}
		String names = others.stream()
			.map((lane) -> lane.backend().name())
			.distinct()
			.collect(Collectors.joining(", "));
		Duration delay = others.stream().map(UnknownItems::delay).min(Duration::compareTo).orElse(SOON);
		long millis = Math.max(1, delay.plusNanos(999_999).toMillis());
		return new ApiErrorException(new ApiError(own.error().status(),
				"The backends that were called do not know the encrypted reasoning or an item of the request, and "
						+ names + " cannot be called now; the next try is possible in " + DurationText.of(delay) + ".",
				own.error().type(), null, own.error().code()),
				Map.of("retry-after-ms", String.valueOf(millis), "retry-after", String.valueOf((millis + 999) / 1000)));
	}

	private static boolean isAboutAll(Exhaustion why) {
		return switch (why) {
			case THROTTLED, OUT_OF_QUOTA, UNAVAILABLE -> true;
			case NO_LANE, TOO_LARGE, MODEL_NOT_SERVED, OPERATION_NOT_SERVED, TIMEOUT, CONNECTION, DENIED, FAILED ->
				false;
		};
	}

	private static Duration delay(Lane lane) {
		Duration free = Objects.requireNonNullElse(lane.freeIn(), Duration.ZERO);
		return free.isZero() ? SOON : free;
	}

}
