package dev.weir.client;

import java.text.ParseException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.Objects;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Expiry;
import com.github.benmanes.caffeine.cache.Ticker;
import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.proc.BadJWSException;
import com.nimbusds.jose.proc.DefaultJOSEObjectTypeVerifier;
import com.nimbusds.jose.proc.JWSVerificationKeySelector;
import com.nimbusds.jose.proc.SecurityContext;
import com.nimbusds.jwt.JWT;
import com.nimbusds.jwt.JWTParser;
import com.nimbusds.jwt.SignedJWT;
import com.nimbusds.jwt.proc.DefaultJWTProcessor;
import org.jspecify.annotations.Nullable;

import org.springframework.security.oauth2.jwt.Jwt;
import org.springframework.security.oauth2.jwt.JwtException;
import org.springframework.security.oauth2.jwt.JwtValidationException;
import org.springframework.security.oauth2.jwt.NimbusJwtDecoder;

import dev.weir.config.EntraProperties;
import dev.weir.openai.error.ApiError;
import dev.weir.openai.error.ApiErrorException;
import dev.weir.request.Client;

/**
 * Finds the client of a token of Microsoft Entra ID, in one configuration. All that it
 * needs is in memory, so no request waits. A verified token is remembered by its hash:
 * verifying it again would cost more than all else that Weir does for a small request.
 */
final class EntraTokens {

	private static final int MAX_REMEMBERED = 10_000;

	private final EntraKeys keys;

	private final EntraCallers callers;

	private final InstantSource clock;

	private final NimbusJwtDecoder decoder;

	private final Cache<KeyHash, Verified> verified;

	/**
	 * Creates the tokens of a configuration.
	 * @param settings the settings of tokens
	 * @param keys the keys that sign them
	 * @param callers the clients of callers
	 * @param clock the wall clock: tokens expire at a date
	 * @param ticker a monotonic clock in nanoseconds
	 */
	EntraTokens(EntraProperties settings, EntraKeys keys, EntraCallers callers, InstantSource clock, Ticker ticker) {
		this.keys = keys;
		this.callers = callers;
		this.clock = clock;
		DefaultJWTProcessor<SecurityContext> processor = new DefaultJWTProcessor<>();
		processor.setJWSTypeVerifier(
				new DefaultJOSEObjectTypeVerifier<>(JOSEObjectType.JWT, new JOSEObjectType("at+jwt"), null));
		// the only algorithm of Entra's keys
		processor.setJWSKeySelector(
				new JWSVerificationKeySelector<>(JWSAlgorithm.RS256, (selector, context) -> keys.select(selector)));
		processor.setJWTClaimsSetVerifier((claims, context) -> {
			// the validator below has better messages
		});
		this.decoder = new NimbusJwtDecoder(processor);
		this.decoder.setJwtValidator(new EntraTokenValidator(settings, clock));
		this.verified = Caffeine.newBuilder()
			.ticker(ticker)
			.executor(Runnable::run)
			.maximumSize(MAX_REMEMBERED)
			.expireAfter(Expiry.writing((KeyHash hash, Verified token) -> lifetime(token)))
			.build();
	}

	private Duration lifetime(Verified token) {
		Duration left = Duration.between(this.clock.instant(), token.end());
		return left.isNegative() ? Duration.ZERO : left;
	}

	/**
	 * Whether a credential is a token rather than a key: three parts in Base64URL, of
	 * which the first is a JSON object (RFC 7519).
	 * @param credential the credential
	 * @return whether it looks like a token
	 */
	static boolean isToken(String credential) {
		return credential.startsWith("eyJ") && credential.indexOf('.') > 0;
	}

	/**
	 * Finds the client of a token.
	 * @param token the token
	 * @return the client
	 * @throws ApiErrorException with status 401 if the token is not valid, with status
	 * 403 if its caller is no client
	 */
	Client client(String token) {
		KeyHash hash = KeyHash.of(token);
		Verified known = this.verified.getIfPresent(hash);
		if (known == null || !this.clock.instant().isBefore(known.end()) || !this.keys.contains(known.keyId())) {
			known = verify(token);
			this.verified.put(hash, known);
		}
		if (known.client() == null) {
			throw new ApiErrorException(ApiError.invalid(403, "The token is valid, but its caller is not a client: "
					+ known.caller().describe()
					+ ". Add one of the ids to apps or users of an entry of weir.clients, or set weir.entra.others.",
					null, "client_not_allowed"));
		}
		return known.client();
	}

	/**
	 * A client that no entry names.
	 * @param principal identifies it, as {@link Client#principal()}
	 * @return the client, or {@code null} if it is not such a client
	 */
	@Nullable Client member(String principal) {
		return this.callers.member(principal);
	}

	private Verified verify(String token) {
		String keyId = checkHeader(token);
		Jwt jwt;
		try {
			jwt = this.decoder.decode(token);
		}
		catch (JwtValidationException ex) {
			throw invalid(String.valueOf(ex.getErrors().iterator().next().getDescription()));
		}
		catch (JwtException ex) {
			throw invalid((ex.getCause() instanceof BadJWSException) ? "The signature of the token is not valid."
					: "The token is not a valid JSON Web Token.");
		}
		EntraCaller caller = EntraCaller.of(jwt);
		if (caller.id() == null) {
			throw invalid("The token names neither an application (appid, azp) nor an object (oid).");
		}
		Instant end = Objects.requireNonNull(jwt.getExpiresAt()).plus(EntraTokenValidator.SKEW);
		return new Verified(caller, this.callers.client(caller), keyId, end);
	}

	/** Checks algorithm and key, and returns the id of the key. */
	private String checkHeader(String token) {
		JWT parsed;
		try {
			parsed = JWTParser.parse(token);
		}
		catch (ParseException | RuntimeException ex) {
			throw invalid("The token is not a valid JSON Web Token.");
		}
		if (!(parsed instanceof SignedJWT signed)) {
			throw invalid("The token is not signed.");
		}
		if (!JWSAlgorithm.RS256.equals(signed.getHeader().getAlgorithm())) {
			throw invalid("The token is not signed with RS256, the algorithm of Microsoft Entra ID.");
		}
		String keyId = signed.getHeader().getKeyID();
		if (keyId == null) {
			throw invalid("The token does not name the key that signed it.");
		}
		if (!this.keys.contains(keyId)) {
			boolean empty = this.keys.isEmpty();
			this.keys.refreshForUnknownKey();
			throw invalid(empty ? "The keys of Microsoft Entra ID are not known yet, so the token cannot be verified."
					: "The token is signed with a key that is not one of Microsoft Entra ID's.");
		}
		return keyId;
	}

	/** See RFC 6750, section 3. */
	private static ApiErrorException invalid(String reason) {
		String description = reason.replaceAll("[^\\x20-\\x21\\x23-\\x5B\\x5D-\\x7E]", "?");
		return new ApiErrorException(ApiError.invalid(401, reason, null, "invalid_token"), Map.of("www-authenticate",
				"Bearer error=\"invalid_token\", error_description=\"" + description + "\""));
	}

	/**
	 * A token that was valid when it was verified.
	 *
	 * @param caller its caller
	 * @param client the client of the caller, {@code null} if it is none
	 * @param keyId the id of the key that signed the token
	 * @param end when the token is not accepted any more
	 */
	private record Verified(EntraCaller caller, @Nullable Client client, String keyId, Instant end) {
	}

}
