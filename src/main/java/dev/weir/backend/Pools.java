package dev.weir.backend;

import java.net.URI;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import com.github.benmanes.caffeine.cache.Ticker;
import io.github.resilience4j.circuitbreaker.CircuitBreakerRegistry;
import org.jspecify.annotations.Nullable;

import dev.weir.config.WeirProperties;

/**
 * The pools by name.
 */
public final class Pools {

	private final Map<String, Pool> pools = new LinkedHashMap<>();

	/**
	 * Creates the pools of the settings.
	 * @param properties the settings
	 * @param breakers creates the circuit breakers of the backends
	 * @param ticker a monotonic clock in nanoseconds
	 */
	public Pools(WeirProperties properties, CircuitBreakerRegistry breakers, Ticker ticker) {
		properties.pools().forEach((name, pool) -> {
			FreeSignal free = new FreeSignal();
			List<Backend> backends = pool.backends()
				.stream()
				.map((backend) -> new Backend(backend, breakers.circuitBreaker(backend.name()), ticker, free))
				.toList();
			this.pools.put(name, new Pool(name, pool, backends, ticker, free));
		});
	}

	public Collection<Pool> all() {
		return this.pools.values();
	}

	/**
	 * A pool by its name.
	 * @param name the name
	 * @return the pool, or {@code null} if there is none of that name
	 */
	public @Nullable Pool get(String name) {
		return this.pools.get(name);
	}

	/**
	 * The pool of a route's URI.
	 * @param uri the URI, {@code lb://NAME} for a pool
	 * @return the pool, or {@code null} if the URI is not that of a pool
	 */
	public @Nullable Pool of(@Nullable URI uri) {
		return (uri != null && "lb".equals(uri.getScheme()) && uri.getHost() != null) ? get(uri.getHost()) : null;
	}

}
