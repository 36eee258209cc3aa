package dev.weir.credential;

import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

import org.springframework.http.HttpHeaders;

import dev.weir.config.BackendDialect;
import dev.weir.config.Secret;

/**
 * The API key of a backend.
 */
final class ApiKeyCredential implements Credential {

	private final CredentialHeader header;

	ApiKeyCredential(Secret key, @Nullable String headerName, BackendDialect dialect) {
		String name = (headerName != null) ? headerName : switch (dialect) {
			case AZURE -> "api-key";
			case OPENAI -> HttpHeaders.AUTHORIZATION;
		};
		// Authorization needs a scheme before the key (RFC 9110, section 11.6.2)
		this.header = name.equalsIgnoreCase(HttpHeaders.AUTHORIZATION) ? CredentialHeader.bearer(key.reveal())
				: new CredentialHeader(name, key.reveal());
	}

	@Override
	public Mono<CredentialHeader> header() {
		return Mono.just(this.header);
	}

	@Override
	public CredentialHeader fixedHeader() {
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
