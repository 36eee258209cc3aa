package dev.weir.credential;

import java.time.Duration;

/**
 * A token that was just fetched.
 *
 * @param value the token, a secret
 * @param refreshIn the time until the next token should be fetched
 * @param lifetime the time until it expires; negative if it has expired by the clock of
 * Weir
 */
record Token(String value, Duration refreshIn, Duration lifetime) {

	@Override
	public String toString() {
		return "token for " + this.lifetime;
	}

}
