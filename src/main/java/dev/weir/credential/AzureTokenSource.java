package dev.weir.credential;

import java.time.Clock;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.function.Supplier;

import com.azure.core.credential.AccessToken;
import com.azure.core.credential.TokenCredential;
import com.azure.core.credential.TokenRequestContext;
import com.azure.core.util.Configuration;
import com.azure.identity.DefaultAzureCredentialBuilder;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

import dev.weir.config.AzureCloud;

/**
 * Gets tokens from azure-identity: of a managed or workload identity, of the service
 * principal in the environment, or of the login of a developer. Only this class,
 * {@link ManagedIdentity} and {@link CredentialProvider#from} use Azure's libraries,
 * which are loaded for the first token.
 */
final class AzureTokenSource implements TokenSource {

	private static final Duration REFRESH_BEFORE_EXPIRY = Duration.ofMinutes(5);

	private final Supplier<? extends TokenCredential> factory;

	private final Clock clock;

	private volatile @Nullable TokenCredential credential;

	AzureTokenSource(Supplier<? extends TokenCredential> factory, Clock clock) {
		this.factory = factory;
		this.clock = clock;
	}

	static AzureTokenSource ofEnvironment(AzureCloud cloud) {
		return new AzureTokenSource(() -> new DefaultAzureCredentialBuilder()
			.authorityHost(authority(cloud, Configuration.getGlobalConfiguration()))
			.build(), Clock.systemUTC());
	}

	/**
	 * Returns the authority of Microsoft Entra ID. {@code AZURE_AUTHORITY_HOST} takes
	 * precedence, as in every program with azure-identity.
	 */
	static String authority(AzureCloud cloud, Configuration environment) {
		String named = environment.get(Configuration.PROPERTY_AZURE_AUTHORITY_HOST);
		return (named != null && !named.isBlank()) ? named : cloud.authority();
	}

	@Override
	public Mono<Token> fetch(String scope) {
		return getToken(current(), scope);
	}

	@Override
	public Mono<Token> renew(String scope, String refused) {
		if (ManagedIdentity.issued(refused)) {
			return ManagedIdentity.reissue(scope).map(this::toToken);
		}
		// all other kinds cache their tokens in the credential
		TokenCredential fresh = this.factory.get();
		this.credential = fresh;
		return getToken(fresh, scope);
	}

	private synchronized TokenCredential current() {
		TokenCredential current = this.credential;
		if (current == null) {
			current = this.factory.get();
			this.credential = current;
		}
		return current;
	}

	private Mono<Token> getToken(TokenCredential credential, String scope) {
		return credential.getToken(new TokenRequestContext().addScopes(scope)).map(this::toToken);
	}

	private Token toToken(AccessToken token) {
		OffsetDateTime now = OffsetDateTime.now(this.clock);
		Duration lifetime = Duration.between(now, token.getExpiresAt());
		Duration half = lifetime.dividedBy(2);
		Duration ahead = lifetime.minus(REFRESH_BEFORE_EXPIRY);
		return new Token(token.getToken(), refreshIn(token, now, (half.compareTo(ahead) > 0) ? half : ahead), lifetime);
	}

	/**
	 * Returns the refresh time that Azure recommends, if it is in the token's lifetime.
	 * For a managed identity's token of less than two hours azure-identity returns 1970.
	 */
	private static Duration refreshIn(AccessToken token, OffsetDateTime now, Duration otherwise) {
		OffsetDateTime recommended = token.getRefreshAt();
		boolean usable = recommended != null && recommended.isAfter(now) && recommended.isBefore(token.getExpiresAt());
		return usable ? Duration.between(now, recommended) : otherwise;
	}

}
