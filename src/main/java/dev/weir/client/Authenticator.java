package dev.weir.client;

import java.time.InstantSource;
import java.util.List;
import java.util.Map;

import org.jspecify.annotations.Nullable;

import org.springframework.http.HttpHeaders;

import dev.weir.backend.ConfigurationListener;
import dev.weir.backend.PoolSet;
import dev.weir.config.ExpiryTime;
import dev.weir.config.WeirProperties;
import dev.weir.openai.error.ApiError;
import dev.weir.openai.error.ApiErrorException;
import dev.weir.request.Client;
import dev.weir.request.Clients;
import dev.weir.request.IssuedKeys;

/**
 * Finds out who calls, by the head of a request. It follows the configuration; a request
 * that has been accepted is not judged again.
 */
final class Authenticator implements Clients, ConfigurationListener {

	private static final String EPHEMERAL = "ek_";

	private static final String REALM = "Basic realm=\"Weir\", charset=\"UTF-8\"";

	private final InstantSource clock;

	private final IssuedKeys issued;

	private volatile KnownKeys keys;

	/**
	 * Creates the authenticator.
	 * @param properties valid settings
	 * @param issued the keys that backends have issued
	 * @param clock the wall clock: keys expire at a date
	 */
	Authenticator(WeirProperties properties, IssuedKeys issued, InstantSource clock) {
		this.keys = new KnownKeys(properties);
		this.issued = issued;
		this.clock = clock;
	}

	@Override
	public void onApplied(PoolSet current) {
		this.keys = new KnownKeys(current.properties());
	}

	@Override
	public @Nullable Client identify(HttpHeaders headers) {
		KnownKeys known = this.keys;
		if (!known.hasClients()) {
			return null;
		}
		List<String> sent = SentCredential.keys(headers);
		@Nullable ExpiryTime expired = null;
		for (String key : sent) {
			Client client = client(key, known);
			if (client != null && !isExpired(client.properties().expires())) {
				return client;
			}
			expired = (client != null) ? client.properties().expires() : expired;
		}
		throw refused((expired != null) ? "The API key has expired (" + expired + ")."
				: sent.isEmpty()
						? "The request has no API key. Send it as 'Authorization: Bearer KEY' or as 'api-key: KEY'."
						: "The API key is not known.",
				"Bearer");
	}

	private @Nullable Client client(String key, KnownKeys known) {
		if (key.startsWith(EPHEMERAL)) {
			String name = this.issued.clientOf(key);
			return (name != null) ? known.client(name) : null;
		}
		return known.client(KeyHash.of(key));
	}

	/**
	 * Checks that an operator sends a request.
	 * @param headers the head of the request
	 * @throws ApiErrorException with status 401 if it has no valid key of an operator,
	 * with status 403 if it has the key of a client
	 */
	void requireOperator(HttpHeaders headers) {
		KnownKeys known = this.keys;
		List<String> keys = SentCredential.keys(headers);
		List<String> passwords = SentCredential.passwords(headers);
		if (isOperator(keys, known) || isOperator(passwords, known)) {
			return;
		}
		if (keys.stream().anyMatch((key) -> known.client(KeyHash.of(key)) != null)) {
			throw new ApiErrorException(ApiError.invalid(403,
					"This page needs the key of an operator (weir.operators); this is the key of a client.", null,
					"operator_required"));
		}
		throw refused("This page needs the key of an operator (weir.operators): as 'Authorization: Bearer KEY',"
				+ " or as the password of HTTP Basic with any user name.", REALM);
	}

	private boolean isOperator(List<String> keys, KnownKeys known) {
		for (String key : keys) {
			KnownKeys.Operator operator = known.operator(KeyHash.of(key));
			if (operator != null && !isExpired(operator.expires())) {
				return true;
			}
		}
		return false;
	}

	private boolean isExpired(@Nullable ExpiryTime expires) {
		return expires != null && expires.isReached(this.clock.instant());
	}

	private static ApiErrorException refused(String message, String scheme) {
		return new ApiErrorException(ApiError.invalid(401, message, null, "invalid_api_key"),
				Map.of("www-authenticate", scheme));
	}

}
