package dev.weir.credential;

import reactor.core.publisher.Mono;

/**
 * The credential of an OpenAI-compatible server without a key: no header.
 */
final class NoCredential implements Credential {

	@Override
	public Mono<CredentialHeader> header() {
		return Mono.empty();
	}

	@Override
	public Mono<Boolean> refresh(CredentialHeader refused) {
		return Mono.just(false);
	}

	@Override
	public String toString() {
		return "no credential";
	}

}
