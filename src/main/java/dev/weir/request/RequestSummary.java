package dev.weir.request;

import java.time.Duration;
import java.util.List;

import org.jspecify.annotations.Nullable;

import dev.weir.backend.Outcome;
import dev.weir.openai.stream.Usage;

/**
 * The result of a request that has ended, for its listeners.
 *
 * @param status the HTTP status that the client got, or
 * {@link RequestContext#CLIENT_LEFT}
 * @param duration from when the route was found to the last byte of the reply
 * @param timeToReply from when the route was found until there was a reply, or
 * {@code null} if no backend was to be called
 * @param attempts all attempts in the order in which they ended; the last one served the
 * request if it was served
 * @param usage the tokens that the request has used, as the responses reported them, or
 * {@code null} if none did
 * @param boundTo the name of the backend that has the objects which the request names, or
 * {@code null} if the request might use any backend
 */
public record RequestSummary(int status, Duration duration, @Nullable Duration timeToReply,
		List<Attempts.Ended> attempts, @Nullable Usage usage, @Nullable String boundTo) {

	/**
	 * The outcome of the last attempt.
	 * @return the outcome, or {@code null} if no attempt was made
	 */
	public @Nullable Outcome outcome() {
		return this.attempts.isEmpty() ? null : this.attempts.get(this.attempts.size() - 1).outcome();
	}

}
