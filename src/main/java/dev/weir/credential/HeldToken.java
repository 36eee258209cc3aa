package dev.weir.credential;

import java.time.Duration;

/**
 * A token with its times in {@link System#nanoTime()}'s terms, which no change of the
 * wall clock moves.
 *
 * @param value the token, a secret
 * @param due when to fetch the next one
 * @param expiry when it ceases to serve
 */
record HeldToken(String value, long due, long expiry) {

	static HeldToken of(Token token, long now) {
		// a clock that is wrong must not make every new token useless: the backend will
		// say whether it is
		Duration lifetime = max(token.lifetime(), TokenCache.REFRESH_PAUSE);
		return new HeldToken(token.value(), now + token.refreshIn().toNanos(), now + lifetime.toNanos());
	}

	boolean isDue(long now) {
		return now - this.due >= 0;
	}

	boolean hasExpired(long now) {
		return now - this.expiry >= 0;
	}

	@Override
	public String toString() {
		return "token (hidden)";
	}

	private static Duration max(Duration one, Duration other) {
		return (one.compareTo(other) > 0) ? one : other;
	}

}
