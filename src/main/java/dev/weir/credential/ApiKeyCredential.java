package dev.weir.credential;

import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

import org.springframework.http.HttpHeaders;

import dev.weir.config.BackendDialect;
import dev.weir.config.Secret;

/**
 * A backend's own key, which changes only with the configuration.
 */
final class ApiKeyCredential implements Credential {

	private final CredentialHeader header;

	ApiKeyCredential(Secret key, @Nullable String name, BackendDialect dialect) {
		String header = (name != null) ? name : switch (dialect) {
			case AZURE -> "api-key";
			case OPENAI -> HttpHeaders.AUTHORIZATION;
		};
		// that header has a scheme in front (RFC 9110, section 11.6.2)
		this.header = header.equalsIgnoreCase(HttpHeaders.AUTHORIZATION) ? CredentialHeader.bearer(key.reveal())
				: new CredentialHeader(header, key.reveal());
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
