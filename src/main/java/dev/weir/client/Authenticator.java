package dev.weir.client;

import java.security.cert.X509Certificate;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;

import com.github.benmanes.caffeine.cache.Ticker;
import org.jspecify.annotations.Nullable;

import org.springframework.http.HttpHeaders;
import org.springframework.http.server.reactive.ServerHttpRequest;

import dev.weir.backend.ConfigurationListener;
import dev.weir.backend.PoolSet;
import dev.weir.config.EntraProperties;
import dev.weir.config.ExpiryTime;
import dev.weir.config.WeirProperties;
import dev.weir.openai.error.ApiError;
import dev.weir.openai.error.ApiErrorException;
import dev.weir.request.Client;
import dev.weir.request.ClientCertificate;
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

	private final EntraKeySets keySets;

	private final Ticker ticker;

	private final boolean verified;

	private volatile Known known;

	/**
	 * Creates the authenticator.
	 * @param properties valid settings
	 * @param issued the keys that backends have issued
	 * @param keySets the keys that sign tokens
	 * @param clock the wall clock: keys expire at a date
	 * @param ticker a monotonic clock in nanoseconds
	 * @param verified whether the running listener verifies certificates; otherwise those
	 * of clients have no effect until it is started again
	 */
	Authenticator(WeirProperties properties, IssuedKeys issued, EntraKeySets keySets, InstantSource clock,
			Ticker ticker, boolean verified) {
		this.verified = verified;
		this.issued = issued;
		this.keySets = keySets;
		this.clock = clock;
		this.ticker = ticker;
		this.known = known(properties, keySets.current());
	}

	private Known known(WeirProperties properties, @Nullable EntraKeys signing) {
		KnownKeys keys = new KnownKeys(properties);
		EntraProperties entra = properties.entra();
		EntraTokens tokens = (entra == null || signing == null) ? null : new EntraTokens(entra, signing,
				new EntraCallers(properties.clients(), entra.others(), keys::client), this.clock, this.ticker);
		return new Known(keys, tokens,
				new KnownCertificates(this.verified ? properties.clients() : List.of(), keys::client),
				properties.hasClients());
	}

	@Override
	public void prepare(PoolSet next) {
		this.keySets.prepare(next.properties().entra());
	}

	@Override
	public void onApplied(PoolSet current) {
		this.known = known(current.properties(), this.keySets.apply(current.properties().entra()));
	}

	/**
	 * The client that sends a request.
	 * @param request the request
	 * @return the client, or {@code null} if no clients are configured
	 * @throws ApiErrorException as {@link #identify(HttpHeaders, X509Certificate)}
	 */
	@Nullable Client identify(ServerHttpRequest request) {
		return identify(request.getHeaders(),
				this.known.certificates().isEmpty() ? null : ClientCertificate.of(request));
	}

	@Override
	public @Nullable Client identify(HttpHeaders headers, @Nullable X509Certificate certificate) {
		Known current = this.known;
		if (!current.hasClients()) {
			return null;
		}
		List<String> sent = SentCredential.keys(headers);
		@Nullable ApiErrorException refusal = null;
		for (String credential : sent) {
			try {
				Client client = client(credential, current);
				ExpiryTime expires = (client != null) ? client.properties().expires() : null;
				if (client != null && !isExpired(expires)) {
					return client;
				}
				refusal = (client != null)
						? refused("The API key of client '" + client.name() + "' has expired (" + expires + ").",
								"Bearer")
						: refusal;
			}
			catch (ApiErrorException ex) {
				refusal = ex;
			}
		}
		// an SDK sends a key in any case, so a certificate is enough beside a wrong one
		if (certificate != null && !current.certificates().isEmpty()) {
			Client client = current.certificates().client(certificate);
			if (client != null) {
				return accepted(client, certificate);
			}
		}
		throw withCertificate(current.certificates().isEmpty() ? null : certificate,
				(refusal != null) ? refusal : refused(describe(sent, current), "Bearer"));
	}

	private String describe(List<String> sent, Known current) {
		if (sent.isEmpty()) {
			return "The request has no API key. Send it as 'Authorization: Bearer KEY' or as 'api-key: KEY'.";
		}
		return isOperator(sent, current.keys())
				? "The API key is that of an operator (weir.operators), which opens the Actuator only. Send the key of a client."
				: "The API key is not known.";
	}

	/** Names the certificate in a refusal, so that it can be added to a client. */
	private static ApiErrorException withCertificate(@Nullable X509Certificate unknown, ApiErrorException refusal) {
		ApiError error = refusal.error();
		return (unknown != null) ? new ApiErrorException(new ApiError(error.status(),
				error.message() + " No client has the certificate " + unknown.getSubjectX500Principal() + ".",
				error.type(), error.param(), error.code()), refusal.headers()) : refusal;
	}

	private Client accepted(Client client, X509Certificate certificate) {
		// the listener has checked it when the connection was opened, perhaps long ago
		if (certificate.getNotAfter().toInstant().isBefore(this.clock.instant())) {
			throw refused("The certificate of client '" + client.name() + "' has expired ("
					+ certificate.getNotAfter().toInstant() + "). Open a new connection.", "Bearer");
		}
		if (isExpired(client.properties().expires())) {
			throw refused("The certificate of client '" + client.name() + "' is accepted no longer ("
					+ client.properties().expires() + ").", "Bearer");
		}
		return client;
	}

	private @Nullable Client client(String credential, Known current) {
		if (credential.startsWith(EPHEMERAL)) {
			String principal = this.issued.principalOf(credential);
			Client client = (principal != null) ? current.client(principal) : null;
			return (client != null) ? client.forSessionsOnly() : null;
		}
		EntraTokens tokens = current.tokens();
		return (tokens != null && EntraTokens.isToken(credential)) ? tokens.client(credential)
				: current.keys().client(KeyHash.of(credential));
	}

	/**
	 * Checks that an operator sends a request.
	 * @param headers the head of the request
	 * @throws ApiErrorException with status 401 if it has no valid key of an operator,
	 * with status 403 if it has the key of a client
	 */
	void requireOperator(HttpHeaders headers) {
		Known current = this.known;
		List<String> keys = SentCredential.keys(headers);
		List<String> passwords = SentCredential.passwords(headers);
		if (isOperator(keys, current.keys()) || isOperator(passwords, current.keys())) {
			return;
		}
		KnownKeys.Operator expired = Stream.concat(keys.stream(), passwords.stream())
			.map((key) -> current.keys().operator(KeyHash.of(key)))
			.filter(Objects::nonNull)
			.findFirst()
			.orElse(null);
		if (expired != null) {
			throw refused("The API key of operator '" + expired.name() + "' has expired (" + expired.expires() + ").",
					REALM);
		}
		if (keys.stream().anyMatch((key) -> isClient(key, current))) {
			throw new ApiErrorException(ApiError.invalid(403,
					"This page needs the key of an operator (weir.operators); this is the key of a client.", null,
					"operator_required"));
		}
		throw refused("This page needs the key of an operator (weir.operators): as 'Authorization: Bearer KEY',"
				+ " or as the password of HTTP Basic with any user name.", REALM);
	}

	/**
	 * Refuses a request that an operator sends to a path where the Actuator is not.
	 * Others learn nothing.
	 * @param headers the head of the request
	 * @param message the reason
	 * @throws ApiErrorException with status 404 if the request has a valid key of an
	 * operator
	 */
	void refuseOperator(HttpHeaders headers, String message) {
		KnownKeys keys = this.known.keys();
		if (isOperator(SentCredential.keys(headers), keys) || isOperator(SentCredential.passwords(headers), keys)) {
			throw new ApiErrorException(ApiError.invalid(404, message, null, "not_found"));
		}
	}

	private boolean isClient(String credential, Known current) {
		try {
			return client(credential, current) != null;
		}
		catch (ApiErrorException ex) {
			return false;
		}
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

	/**
	 * The clients and operators of one configuration.
	 *
	 * @param keys their keys
	 * @param tokens the tokens of clients, {@code null} if none is accepted
	 * @param certificates the certificates of clients
	 * @param hasClients whether a request must come from a client
	 */
	private record Known(KnownKeys keys, @Nullable EntraTokens tokens, KnownCertificates certificates,
			boolean hasClients) {

		/** The client of a {@linkplain Client#principal() principal}. */
		@Nullable Client client(String principal) {
			Client client = this.keys.client(principal);
			return (client == null && this.tokens != null) ? this.tokens.member(principal) : client;
		}

	}

}
