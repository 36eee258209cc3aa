package dev.weir.credential;

import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/**
 * How Weir proves itself to one backend. Safe for many threads; {@link #toString()} shows
 * the kind of credential and never its value.
 */
public interface Credential {

	/**
	 * The header to write into an attempt. A value at hand comes at once on the
	 * subscribing thread; otherwise the wait is at most 10 seconds and blocks no thread
	 * of the subscriber. Ask anew for every attempt.
	 * @return the header, empty for a backend that wants none, or a
	 * {@link CredentialException} when there is no credential to be had now
	 */
	Mono<CredentialHeader> header();

	/**
	 * The header of a credential that never changes, so that there is nothing to wait for
	 * and nothing to renew.
	 * @return the header, or {@code null} if it must be asked for each time
	 */
	default @Nullable CredentialHeader fixed() {
		return null;
	}

	/**
	 * Gets a new credential after the backend refused one with a 401. Many callers share
	 * one renewal, and a renewal is tried at most once in 30 seconds.
	 * @param refused the header the backend refused
	 * @return within 10 seconds, whether there is another credential now than the refused
	 * one, so that the call may be sent again; false for API keys and when no other
	 * credential was to be had. Never an error
	 */
	Mono<Boolean> refresh(CredentialHeader refused);

}
