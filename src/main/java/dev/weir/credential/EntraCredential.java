package dev.weir.credential;

import reactor.core.publisher.Mono;

/**
 * A Microsoft Entra ID token, shared by all backends with the same cloud and scope.
 */
final class EntraCredential implements Credential {

	private final TokenCache tokens;

	EntraCredential(TokenCache tokens) {
		this.tokens = tokens;
	}

	@Override
	public Mono<CredentialHeader> header() {
		return this.tokens.token().map(CredentialHeader::bearer);
	}

	@Override
	public Mono<Boolean> refresh(CredentialHeader refused) {
		return this.tokens.renew((token) -> CredentialHeader.bearer(token).equals(refused));
	}

	@Override
	public String toString() {
		return "Microsoft Entra ID, " + this.tokens.scope();
	}

}
