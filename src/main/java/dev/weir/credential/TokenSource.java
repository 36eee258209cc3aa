package dev.weir.credential;

import reactor.core.publisher.Mono;

/**
 * A source of tokens. Both methods may block on subscription.
 */
interface TokenSource {

	/**
	 * Gets a token, possibly a cached one.
	 * @param scope the Entra scope
	 * @return the token
	 */
	Mono<Token> fetch(String scope);

	/**
	 * Gets a new token instead of a cached one, if possible.
	 * @param scope the Entra scope
	 * @param refused the token that a backend refused
	 * @return the token; the refused one if there is no other
	 */
	Mono<Token> renew(String scope, String refused);

}
