package dev.weir.reload;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Collectors;

import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig;
import io.github.resilience4j.common.CompositeCustomizer;
import io.github.resilience4j.common.circuitbreaker.configuration.CircuitBreakerConfigCustomizer;
import io.github.resilience4j.common.circuitbreaker.configuration.CommonCircuitBreakerConfigurationProperties;
import io.github.resilience4j.springboot.circuitbreaker.autoconfigure.CircuitBreakerProperties;

import org.springframework.boot.context.properties.bind.BindException;

import dev.weir.backend.BreakerSettings;
import dev.weir.config.load.ConfigurationProblem;
import dev.weir.config.load.ConfigurationReader;
import dev.weir.config.load.InvalidConfigurationException;
import dev.weir.config.load.LoadedConfiguration;

/**
 * The settings of circuit breakers in a new configuration, which are Resilience4j's own
 * properties.
 */
final class BreakerProperties implements BreakerSettings {

	private static final String PREFIX = "resilience4j.circuitbreaker";

	private final CommonCircuitBreakerConfigurationProperties properties;

	private final CompositeCustomizer<CircuitBreakerConfigCustomizer> customizers;

	private final Map<String, String> before;

	private final Map<String, String> after;

	private BreakerProperties(CommonCircuitBreakerConfigurationProperties properties,
			CompositeCustomizer<CircuitBreakerConfigCustomizer> customizers, Map<String, String> before,
			Map<String, String> after) {
		this.properties = properties;
		this.customizers = customizers;
		this.before = before;
		this.after = after;
	}

	/**
	 * Reads and checks the settings of all backends.
	 * @param next the new configuration
	 * @param last the current configuration
	 * @param customizers the customizers of users
	 * @return the settings
	 * @throws InvalidConfigurationException if Resilience4j does not accept them
	 */
	static BreakerProperties of(LoadedConfiguration next, LoadedConfiguration last,
			CompositeCustomizer<CircuitBreakerConfigCustomizer> customizers) {
		try {
			BreakerProperties settings = new BreakerProperties(next.bind(PREFIX, CircuitBreakerProperties.class),
					customizers, last.below(PREFIX), next.below(PREFIX));
			next.properties().pools().values().forEach((pool) -> pool.backends().forEach((backend) -> {
				CircuitBreakerConfig unused = settings.of(backend.name());
			}));
			return settings;
		}
		catch (BindException ex) {
			throw ConfigurationReader.describe(ex, true);
		}
		catch (RuntimeException ex) {
			throw new InvalidConfigurationException(List.of(new ConfigurationProblem(PREFIX, null, null,
					"is not accepted by Resilience4j: " + ex.getMessage(), "Correct the value.")));
		}
	}

	@Override
	public CircuitBreakerConfig of(String backend) {
		return this.properties.createCircuitBreakerConfig(backend, this.properties.findCircuitBreakerProperties(backend)
			.orElseGet(CommonCircuitBreakerConfigurationProperties.InstanceProperties::new), this.customizers);
	}

	@Override
	public boolean isChanged(String backend) {
		return !relevant(this.before, backend).equals(relevant(this.after, backend));
	}

	/**
	 * The backends whose circuit breakers change.
	 * @param backends the names of backends
	 * @return a phrase for each
	 */
	List<String> describe(List<String> backends) {
		List<String> changed = backends.stream().filter(this::isChanged).toList();
		if (changed.isEmpty()) {
			return List.of();
		}
		TreeSet<String> names = new TreeSet<>(this.before.keySet());
		names.addAll(this.after.keySet());
		return names.stream()
			.filter((name) -> !String.valueOf(this.before.get(name)).equals(String.valueOf(this.after.get(name))))
			.map((name) -> name.substring("resilience4j.".length()) + ": " + this.before.getOrDefault(name, "default")
					+ " → " + this.after.getOrDefault(name, "default"))
			.toList();
	}

	private static Map<String, String> relevant(Map<String, String> all, String backend) {
		String instances = PREFIX + ".instances.";
		String own = canonical(instances + backend + ".");
		return all.entrySet()
			.stream()
			.filter((entry) -> !entry.getKey().startsWith(instances) || canonical(entry.getKey()).startsWith(own))
			.collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));
	}

	private static String canonical(String name) {
		// Spring Boot ignores these characters in names
		return name.toLowerCase(Locale.ROOT).replaceAll("[_-]", "");
	}

}
