package dev.weir.testing;

import java.net.URI;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

import com.github.benmanes.caffeine.cache.Ticker;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig;
import io.github.resilience4j.circuitbreaker.CircuitBreakerRegistry;

import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;

import dev.weir.backend.Pool;
import dev.weir.backend.Pools;
import dev.weir.config.BackendProperties;
import dev.weir.config.PoolProperties;
import dev.weir.config.WeirProperties;

/**
 * Pools for unit tests, with every default that users get.
 */
public final class TestPools {

	private TestPools() {
	}

	/**
	 * Makes a pool named openai with default settings.
	 * @param ticker the clock
	 * @param backends the backends
	 * @return the pool
	 */
	public static Pool pool(Ticker ticker, BackendProperties... backends) {
		return pool(ticker, Map.of(), backends);
	}

	/**
	 * Makes a pool named openai.
	 * @param ticker the clock
	 * @param settings the pool's settings by their names in the configuration
	 * @param backends the backends
	 * @return the pool
	 */
	public static Pool pool(Ticker ticker, Map<String, String> settings, BackendProperties... backends) {
		return pools(ticker, settings, backends).all().iterator().next();
	}

	/**
	 * Makes pools of which there is one, named openai.
	 * @param ticker the clock
	 * @param settings the pool's settings by their names in the configuration
	 * @param backends the backends
	 * @return the pools
	 */
	public static Pools pools(Ticker ticker, Map<String, String> settings, BackendProperties... backends) {
		PoolProperties defaults = bind(settings, PoolProperties.class);
		PoolProperties pool = new PoolProperties(List.of(backends), defaults.strategy(), defaults.maxWait(),
				defaults.maxWaiting(), defaults.deadline(), defaults.connectTimeout(), defaults.handshakeTimeout(),
				defaults.responseTimeout(), defaults.firstEventTimeout(), defaults.streamIdleTimeout(),
				defaults.holdSignsOfLife(), defaults.keepAlive(), defaults.keepAliveDelay(), defaults.maxAttempts(),
				defaults.cooldown(), defaults.retryBudget(), defaults.resume(), defaults.affinity(),
				defaults.forwardHeaders());
		WeirProperties others = bind(Map.of(), WeirProperties.class);
		WeirProperties properties = new WeirProperties(Map.of("openai", pool), others.maxBody(), others.maxBuffered(),
				others.maxInFlight(), others.headerTimeout(), others.bodyTimeout(), others.clientIdleTimeout(),
				others.websocketIdleTimeout(), others.drainDelay(), others.affinity(), others.startupCheck(),
				others.clients(), others.entra(), others.operators(), others.open(), others.state(), others.redis());
		CircuitBreakerConfig breakers = CircuitBreakerConfig.custom()
			.minimumNumberOfCalls(5)
			.slidingWindowSize(5)
			.build();
		return new Pools(properties, CircuitBreakerRegistry.of(breakers), ticker);
	}

	/**
	 * Makes the settings of a backend.
	 * @param name its name
	 * @param settings its settings but the name, as {@code property=value}
	 * @return the settings
	 */
	public static BackendProperties backend(String name, String... settings) {
		Map<String, String> values = Stream.of(settings)
			.map((setting) -> setting.split("=", 2))
			.collect(java.util.stream.Collectors.toMap((parts) -> parts[0], (parts) -> parts[1]));
		values.put("name", name);
		values.putIfAbsent("url", URI.create("https://" + name + ".openai.azure.com").toString());
		return bind(values, BackendProperties.class);
	}

	private static <T> T bind(Map<String, String> values, Class<T> type) {
		java.util.Map<String, String> prefixed = new java.util.HashMap<>();
		values.forEach((name, value) -> prefixed.put("it." + name, value));
		return new Binder(new MapConfigurationPropertySource(prefixed)).bindOrCreate("it", type);
	}

}
