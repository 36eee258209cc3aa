package dev.weir.failover;

import java.time.Duration;

import dev.weir.backend.Durations;

/**
 * A backend sent no response headers in time.
 */
final class AttemptTimeoutException extends RuntimeException {

	private final String words;

	AttemptTimeoutException(Duration limit) {
		super(null, null, false, false);
		this.words = "no answer within " + Durations.words(limit);
	}

	String words() {
		return this.words;
	}

	@Override
	public String getMessage() {
		return this.words;
	}

}
