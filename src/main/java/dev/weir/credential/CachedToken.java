package dev.weir.credential;

import java.time.Duration;

/**
 * A token with its times in terms of {@link System#nanoTime()}, which do not depend on
 * the wall clock.
 *
 * @param value the token, a secret
 * @param refreshAt when to fetch the next token
 * @param expiry when the token expires
 */
record CachedToken(String value, long refreshAt, long expiry) {

	static CachedToken of(Token token, long now) {
		// at least for a while, since the wall clock may be wrong: then the backend
		// decides whether the token is valid
		Duration lifetime = max(token.lifetime(), TokenCache.REFRESH_PAUSE);
		return new CachedToken(token.value(), now + token.refreshIn().toNanos(), now + lifetime.toNanos());
	}

	boolean needsRefresh(long now) {
		return now - this.refreshAt >= 0;
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
