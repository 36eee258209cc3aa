package dev.weir.credential;

import java.time.Clock;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

import com.azure.core.credential.TokenCredential;
import dev.weir.config.AzureCloud;
import dev.weir.config.BackendDialect;
import dev.weir.config.BackendProperties;
import dev.weir.config.Secret;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

import org.springframework.util.function.SingletonSupplier;

/**
 * Gives each backend its credential. Backends of one Azure cloud and scope share their
 * tokens. As long as no backend needs Microsoft Entra ID, nothing of Azure's libraries is
 * loaded.
 */
public final class Credentials {

	private final Map<Audience, TokenCache> tokens = new ConcurrentHashMap<>();

	private final Map<AzureCloud, Supplier<TokenSource>> sources = new EnumMap<>(AzureCloud.class);

	private final Scheduler scheduler;

	private final LongSupplier nanoTime;

	Credentials(Function<AzureCloud, TokenSource> source, Scheduler scheduler, LongSupplier nanoTime) {
		for (AzureCloud cloud : AzureCloud.values()) {
			this.sources.put(cloud, SingletonSupplier.of(() -> source.apply(cloud)));
		}
		this.scheduler = scheduler;
		this.nanoTime = nanoTime;
	}

	/**
	 * Credentials whose tokens come from the environment Weir runs in: a service
	 * principal, a workload identity, a managed identity, or the developer's login.
	 * @return the credentials
	 */
	static Credentials ofEnvironment() {
		return of((cloud) -> AzureTokenSource.ofEnvironment(cloud));
	}

	/**
	 * Credentials whose tokens come from a credential of one's own.
	 * @param factory makes the credential; called on a thread that may block, for the
	 * first token and again whenever a backend refused a token
	 * @return the credentials
	 */
	public static Credentials from(Supplier<? extends TokenCredential> factory) {
		return of((cloud) -> new AzureTokenSource(factory, Clock.systemUTC()));
	}

	private static Credentials of(Function<AzureCloud, TokenSource> source) {
		return new Credentials(source, Schedulers.boundedElastic(), System::nanoTime);
	}

	/**
	 * Returns the credential of a backend: its key, else Microsoft Entra ID for Azure,
	 * else none. The first token of a scope is fetched at once in the background, so that
	 * no request has to wait for it; if that fails, the log says so and requests try
	 * again.
	 * @param backend the backend
	 * @param dialect how it wants to be spoken to
	 * @return the credential
	 */
	public Credential forBackend(BackendProperties backend, BackendDialect dialect) {
		Secret key = backend.apiKey();
		if (key != null && !key.isEmpty()) {
			return new ApiKeyCredential(key, backend.apiKeyHeader(), dialect);
		}
		return switch (dialect) {
			case AZURE -> new EntraCredential(this.tokens
				.computeIfAbsent(new Audience(backend.cloud(), backend.effectiveScope()), this::prefetched));
			case OPENAI -> new NoCredential();
		};
	}

	private TokenCache prefetched(Audience audience) {
		Supplier<TokenSource> source = Objects.requireNonNull(this.sources.get(audience.cloud()));
		TokenCache cache = new TokenCache(audience.scope(), source, this.scheduler, this.nanoTime);
		cache.prefetch();
		return cache;
	}

	private record Audience(AzureCloud cloud, String scope) {
	}

}
