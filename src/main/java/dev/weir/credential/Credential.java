package dev.weir.credential;

import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/**
 * The credential of one backend. Thread-safe; {@link #toString()} shows the kind and
 * never the value.
 */
public interface Credential {

	/**
	 * Returns the header for one attempt. A cached value is emitted at once on the
	 * subscribing thread; otherwise it takes at most 10 seconds and blocks no thread.
	 * Call it for every attempt.
	 * @return the header, empty for a backend without a credential, or a
	 * {@link CredentialException} if no credential is available now
	 */
	Mono<CredentialHeader> header();

	/**
	 * Returns the header of a credential that never changes.
	 * @return the header, or {@code null} if {@link #header()} must be called for each
	 * attempt
	 */
	default @Nullable CredentialHeader fixedHeader() {
		return null;
	}

	/**
	 * Gets a new credential after the backend refused one with 401. Concurrent calls
	 * share one renewal, and there is at most one renewal in 30 seconds.
	 * @param refused the header that the backend refused
	 * @return within 10 seconds, whether there is a credential other than the refused one
	 * now, so that the attempt can be repeated; always {@code false} for API keys. Never
	 * an error
	 */
	Mono<Boolean> refresh(CredentialHeader refused);

}
