package dev.weir.request;

import java.time.Duration;

import org.jspecify.annotations.Nullable;

import org.springframework.http.HttpHeaders;

import dev.weir.openai.quota.DelayParser;

/**
 * How long a client waits for its reply. OpenAI's SDKs state it in seconds, possibly with
 * decimals: those for Python and Java in {@code x-stainless-read-timeout}, that for Java
 * also in {@code x-stainless-timeout}, that for Node.js in the latter.
 */
public final class Patience {

	/** Time for the reply to reach the client: a tenth, within these limits. */
	private static final Duration LEAST_MARGIN = Duration.ofMillis(20);

	private static final Duration MOST_MARGIN = Duration.ofSeconds(1);

	private Patience() {
	}

	/**
	 * Returns the time that a request may wait for a lane, so that its client still gets
	 * a reply.
	 * @param headers the headers of the client
	 * @return the time from the beginning of the request, or {@code null} if the client
	 * does not state a positive number of seconds
	 */
	public static @Nullable Duration of(HttpHeaders headers) {
		Duration read = stated(headers.getFirst("x-stainless-read-timeout"));
		Duration whole = stated(headers.getFirst("x-stainless-timeout"));
		Duration shorter = (read == null || (whole != null && whole.compareTo(read) < 0)) ? whole : read;
		if (shorter == null) {
			return null;
		}
		Duration margin = shorter.dividedBy(10);
		margin = (margin.compareTo(LEAST_MARGIN) < 0) ? LEAST_MARGIN : margin;
		return shorter.minus((margin.compareTo(MOST_MARGIN) > 0) ? MOST_MARGIN : margin);
	}

	/** The SDK for Node.js states 0 if its timeout is less than a second. */
	private static @Nullable Duration stated(@Nullable String seconds) {
		Duration stated = DelayParser.parseSeconds(seconds);
		return (stated == null || stated.isZero()) ? null : stated;
	}

}
