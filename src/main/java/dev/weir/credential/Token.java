package dev.weir.credential;

import java.time.Duration;

/**
 * A token as it was fetched just now.
 *
 * @param value the token, a secret
 * @param refreshIn after what time to fetch the next one
 * @param lifetime how long it serves; negative if it has expired by Weir's clock
 */
record Token(String value, Duration refreshIn, Duration lifetime) {

	@Override
	public String toString() {
		return "token for " + this.lifetime;
	}

}
