package dev.weir.simulator;

import java.time.Duration;

/**
 * The decision of a quota on one request.
 *
 * @param limit tokens and requests per minute
 * @param remainingTokens tokens left after this request
 * @param remainingRequests requests left after this one
 * @param retryAfter the time until the quota has room for a refused request, to the
 * millisecond; zero if the request is granted
 */
record Admission(int limit, long remainingTokens, long remainingRequests, Duration retryAfter) {

	boolean granted() {
		return this.retryAfter.isZero();
	}

	/**
	 * Returns the delay as a {@code retry-after} header has it.
	 * @return the delay in whole seconds, rounded up
	 */
	long retryAfterSeconds() {
		return this.retryAfter.plusMillis(999).toSeconds();
	}

}
