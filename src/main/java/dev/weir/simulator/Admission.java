package dev.weir.simulator;

import java.time.Duration;

/**
 * What a quota said to a request.
 *
 * @param limit tokens and requests per minute
 * @param remainingTokens tokens that are free after this request
 * @param remainingRequests requests that are free after this one
 * @param retryAfter when there will be room for a refused request, exact to the
 * millisecond; zero if this one may run
 */
record Admission(int limit, long remainingTokens, long remainingRequests, Duration retryAfter) {

	boolean granted() {
		return this.retryAfter.isZero();
	}

	/**
	 * Returns the delay in the whole seconds of a {@code retry-after} header, so long
	 * that the request has room then.
	 * @return the delay in seconds, rounded up
	 */
	long retryAfterSeconds() {
		return this.retryAfter.plusMillis(999).toSeconds();
	}

}
