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
 * Replaces a managed identity's token in the cache of MSAL. The cache belongs to the
 * whole process, so a new credential object would find the same token, and azure-identity
 * cannot bypass it. MSAL itself can, and azure-identity then finds the new token in the
 * cache.
 */
final class ManagedIdentity {

	private static final int HTTP_TIMEOUT = (int) Duration.ofSeconds(10).toMillis();

	/**
	 * Any claim makes MSAL replace its token. Only the endpoint of Service Fabric
	 * receives the hash of the refused token; others may return the token that they have
	 * cached.
	 */
	private static final String ANY_CLAIM = "{\"access_token\":{}}";

	private ManagedIdentity() {
	}

	/**
	 * Whether a token is from a managed identity.
	 * @param token the token
	 * @return whether it is in the cache of MSAL
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
			.claims(ANY_CLAIM)
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
