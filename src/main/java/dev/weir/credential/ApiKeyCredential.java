package dev.weir.credential;

import dev.weir.config.BackendDialect;
import dev.weir.config.Secret;
import reactor.core.publisher.Mono;

/**
 * A backend's own key, which changes only with the configuration.
 */
final class ApiKeyCredential implements Credential {

	private final CredentialHeader header;

	ApiKeyCredential(Secret key, BackendDialect dialect) {
		this.header = switch (dialect) {
			case AZURE -> new CredentialHeader("api-key", key.reveal());
			case OPENAI -> CredentialHeader.bearer(key.reveal());
		};
	}

	@Override
	public Mono<CredentialHeader> header() {
		return Mono.just(this.header);
	}

	@Override
	public CredentialHeader fixed() {
		return this.header;
	}

	@Override
	public Mono<Boolean> refresh(CredentialHeader refused) {
		return Mono.just(false);
	}

	@Override
	public String toString() {
		return "api key";
	}

}
