package dev.weir.credential;

import java.time.Clock;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.azure.core.credential.TokenCredential;
import dev.weir.config.AzureCloud;
import dev.weir.config.BackendDialect;
import dev.weir.config.BackendProperties;
import dev.weir.config.Secret;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

import org.springframework.util.function.SingletonSupplier;

/**
 * Provides the credential of each backend. Backends with the same Azure cloud and scope
 * share their tokens. Azure's libraries are not loaded unless a backend needs Microsoft
 * Entra ID.
 */
public final class CredentialProvider {

	// as long as a backend uses them
	private final Cache<Audience, TokenCache> tokens = Caffeine.newBuilder().weakValues().build();

	private final Map<AzureCloud, Supplier<TokenSource>> sources = new EnumMap<>(AzureCloud.class);

	private final Scheduler scheduler;

	private final LongSupplier nanoTime;

	private boolean prefetch = true;

	CredentialProvider(Function<AzureCloud, TokenSource> source, Scheduler scheduler, LongSupplier nanoTime) {
		for (AzureCloud cloud : AzureCloud.values()) {
			this.sources.put(cloud, SingletonSupplier.of(() -> source.apply(cloud)));
		}
		this.scheduler = scheduler;
		this.nanoTime = nanoTime;
	}

	/**
	 * Creates a provider of tokens from the environment of the process: of a service
	 * principal, a workload identity, a managed identity, or the login of a developer.
	 * @return the provider
	 */
	static CredentialProvider ofEnvironment() {
		return of((cloud) -> AzureTokenSource.ofEnvironment(cloud));
	}

	/**
	 * Creates the same provider, but it fetches a token when it is needed first, and none
	 * in the background.
	 * @return the provider
	 */
	public static CredentialProvider withoutPrefetch() {
		CredentialProvider provider = ofEnvironment();
		provider.prefetch = false;
		return provider;
	}

	/**
	 * Creates a provider of tokens from a custom credential.
	 * @param factory creates the credential; called on a thread that may block, for the
	 * first token and again after a backend refused a token
	 * @return the provider
	 */
	public static CredentialProvider from(Supplier<? extends TokenCredential> factory) {
		return of((cloud) -> new AzureTokenSource(factory, Clock.systemUTC()));
	}

	private static CredentialProvider of(Function<AzureCloud, TokenSource> source) {
		return new CredentialProvider(source, Schedulers.boundedElastic(), System::nanoTime);
	}

	/**
	 * Returns the credential of a backend: its key, else Microsoft Entra ID for Azure,
	 * else none. The first token of a scope is fetched in the background, so that no
	 * request waits for it; a failure is logged, and the next request repeats the fetch.
	 * @param backend the backend
	 * @param dialect the dialect of the backend
	 * @return the credential
	 */
	public Credential forBackend(BackendProperties backend, BackendDialect dialect) {
		Secret key = backend.apiKey();
		if (key != null && !key.isEmpty()) {
			return new ApiKeyCredential(key, backend.apiKeyHeader(), dialect);
		}
		return switch (dialect) {
			case AZURE -> new EntraCredential(
					this.tokens.get(new Audience(backend.cloud(), backend.effectiveScope()), this::prefetched));
			case OPENAI -> new NoCredential();
		};
	}

	/**
	 * Returns the tokens of a scope, for another service than a backend. The first one is
	 * fetched in the background.
	 * @param cloud the cloud whose Microsoft Entra ID issues them
	 * @param scope the scope
	 * @return supplies a token that is valid: at once, unless none is; fails with a
	 * {@link CredentialException} if there is none within ten seconds
	 */
	public Supplier<Mono<String>> tokens(AzureCloud cloud, String scope) {
		return this.tokens.get(new Audience(cloud, scope), this::prefetched)::token;
	}

	private TokenCache prefetched(Audience audience) {
		Supplier<TokenSource> source = Objects.requireNonNull(this.sources.get(audience.cloud()));
		TokenCache cache = new TokenCache(audience.scope(), source, this.scheduler, this.nanoTime);
		if (this.prefetch) {
			cache.prefetch();
		}
		return cache;
	}

	private record Audience(AzureCloud cloud, String scope) {
	}

}
