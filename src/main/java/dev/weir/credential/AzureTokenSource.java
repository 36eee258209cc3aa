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
 * Tokens from azure-identity: a managed or workload identity, the environment's service
 * principal, or the developer's own login. With the two classes below it is all of Weir
 * that knows Azure's libraries, and it is only loaded for the first token.
 */
final class AzureTokenSource implements TokenSource {

	private static final Duration AHEAD = Duration.ofMinutes(5);

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
	 * The Microsoft Entra ID to ask. What the environment names counts first, as in every
	 * program that uses azure-identity.
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
		// every other kind keeps its tokens inside the credential
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
		Duration ahead = lifetime.minus(AHEAD);
		return new Token(token.getToken(), advised(token, now, (half.compareTo(ahead) > 0) ? half : ahead), lifetime);
	}

	/**
	 * When Azure advises to refresh. For a managed identity's token of less than two
	 * hours azure-identity says "1970", which would mean at every request.
	 */
	private static Duration advised(AccessToken token, OffsetDateTime now, Duration otherwise) {
		OffsetDateTime advice = token.getRefreshAt();
		boolean sound = advice != null && advice.isAfter(now) && advice.isBefore(token.getExpiresAt());
		return sound ? Duration.between(now, advice) : otherwise;
	}

}
