package dev.weir.credential;

import reactor.core.publisher.Mono;

/**
 * Where tokens come from. Both calls may block on subscription.
 */
interface TokenSource {

	/**
	 * Gets a token, possibly one that the source has kept.
	 * @param scope the Entra scope
	 * @return the token
	 */
	Mono<Token> fetch(String scope);

	/**
	 * Gets a token that the source has not given out before, if it can.
	 * @param scope the Entra scope
	 * @param refused the token to be replaced
	 * @return the token; the refused one again if there is no other
	 */
	Mono<Token> renew(String scope, String refused);

}
