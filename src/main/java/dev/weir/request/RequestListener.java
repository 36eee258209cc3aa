package dev.weir.request;

import java.time.Duration;
import java.util.List;

import dev.weir.backend.Attempt;
import dev.weir.backend.Outcome;
import dev.weir.openai.stored.ReportedObject;
import dev.weir.openai.stream.Usage;

/**
 * Receives the events of each request to a pool and of its attempts, for metrics, logs
 * and limits. All methods are called on the request's loop; they must neither block nor
 * throw.
 */
public interface RequestListener {

	/**
	 * An attempt has ended.
	 * @param context the request
	 * @param attempt the attempt
	 * @param outcome its outcome
	 * @param duration from the choice of the lane to the last byte of the response
	 */
	default void onAttemptEnd(RequestContext context, Attempt attempt, Outcome outcome, Duration duration) {
	}

	/**
	 * A response reported a usage. That is the usage of an earlier request if this one
	 * reads its result.
	 * @param context the request
	 * @param attempt the attempt that the response belongs to
	 * @param usage the tokens
	 */
	default void onUsage(RequestContext context, Attempt attempt, Usage usage) {
	}

	/**
	 * A response reported tokens that no response has reported before.
	 * @param context the request, or the first one that reads the result of a request
	 * which ended without a usage
	 * @param attempt the attempt that the response belongs to
	 * @param usage the tokens
	 */
	default void onTokensUsed(RequestContext context, Attempt attempt, Usage usage) {
	}

	/**
	 * A response named objects that its backend stores. The client does not have their
	 * ids yet.
	 * @param context the request
	 * @param attempt the attempt that the response belongs to
	 * @param objects the objects, at least one
	 */
	default void onObjects(RequestContext context, Attempt attempt, List<ReportedObject> objects) {
	}

	/**
	 * A request to a pool has ended. Called at most once for each request; not called if
	 * its client leaves while a filter of the user delays its own reply.
	 * @param context the request
	 * @param summary its reply, attempts, usage and times
	 */
	default void onEnd(RequestContext context, RequestSummary summary) {
	}

}
