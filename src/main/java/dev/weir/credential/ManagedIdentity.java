package dev.weir.credential;

import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;

import com.azure.core.credential.AccessToken;
import com.azure.core.util.Configuration;
import com.microsoft.aad.msal4j.IAuthenticationResult;
import com.microsoft.aad.msal4j.ManagedIdentityApplication;
import com.microsoft.aad.msal4j.ManagedIdentityId;
import com.microsoft.aad.msal4j.ManagedIdentityParameters;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/**
 * Gets past the cache of managed identity tokens. It is one for the whole process, so a
 * new credential object finds the same token in it, and azure-identity passes neither
 * claims nor any other wish for a new token on to it. MSAL below does, and puts the new
 * token where azure-identity finds it from then on.
 */
final class ManagedIdentity {

	private static final int HTTP_TIMEOUT = (int) Duration.ofSeconds(10).toMillis();

	/**
	 * Any claim makes MSAL replace its token; Service Fabric is also told the hash of the
	 * refused one. Other endpoints may answer with a token they keep themselves.
	 */
	private static final String REFUSED = "{\"access_token\":{}}";

	private ManagedIdentity() {
	}

	/**
	 * Whether a token came from a managed identity.
	 * @param token the token
	 * @return whether it is in the cache
	 */
	static boolean issued(String token) {
		return ManagedIdentityApplication.getSharedTokenCache().serialize().contains(token);
	}

	static Mono<AccessToken> reissue(String scope) {
		ManagedIdentityApplication application = ManagedIdentityApplication.builder(identity())
			.connectTimeoutForDefaultHttpClient(HTTP_TIMEOUT)
			.readTimeoutForDefaultHttpClient(HTTP_TIMEOUT)
			.build();
		ManagedIdentityParameters parameters = ManagedIdentityParameters.builder(resource(scope))
			.claims(REFUSED)
			.build();
		return Mono.defer(() -> {
			try {
				return Mono.fromFuture(application.acquireTokenForManagedIdentity(parameters));
			}
			catch (Exception ex) {
				return Mono.error(ex);
			}
		}).map(ManagedIdentity::toAccessToken);
	}

	private static ManagedIdentityId identity() {
		String clientId = Configuration.getGlobalConfiguration().get(Configuration.PROPERTY_AZURE_CLIENT_ID);
		return (clientId != null && !clientId.isBlank()) ? ManagedIdentityId.userAssignedClientId(clientId)
				: ManagedIdentityId.systemAssigned();
	}

	private static String resource(String scope) {
		return scope.endsWith("/.default") ? scope.substring(0, scope.length() - "/.default".length()) : scope;
	}

	private static AccessToken toAccessToken(IAuthenticationResult result) {
		@Nullable Long refreshOn = result.metadata().refreshOn();
		return new AccessToken(result.accessToken(), utc(result.expiresOnDate().toInstant()),
				(refreshOn != null) ? utc(Instant.ofEpochSecond(refreshOn)) : null);
	}

	private static OffsetDateTime utc(Instant instant) {
		return instant.atOffset(ZoneOffset.UTC);
	}

}
