package dev.weir.check;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;

import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig.SlidingWindowType;
import io.github.resilience4j.circuitbreaker.CircuitBreakerRegistry;
import org.jspecify.annotations.Nullable;

import org.springframework.beans.factory.BeanFactory;
import org.springframework.cloud.gateway.config.GatewayProperties;
import org.springframework.cloud.gateway.filter.FilterDefinition;

import dev.weir.config.ActuatorPort;
import dev.weir.config.AzureCloud;
import dev.weir.config.BackendProperties;
import dev.weir.config.ClientPriority;
import dev.weir.config.ClientProperties;
import dev.weir.config.EntraProperties;
import dev.weir.config.ExpiryTime;
import dev.weir.config.LiveConfiguration;
import dev.weir.config.ModelLimitProperties;
import dev.weir.config.PoolProperties;
import dev.weir.config.Secret;
import dev.weir.config.WeirProperties;
import dev.weir.gateway.RouteLog;

/**
 * Describes routes, pools and backends with all defaults, and without secrets.
 */
final class SettingsSummary {

	private static final String INDENT = "  ";

	private final StringBuilder text = new StringBuilder();

	private final CircuitBreakerRegistry breakers;

	private SettingsSummary(CircuitBreakerRegistry breakers) {
		this.breakers = breakers;
	}

	/**
	 * Describes the configuration of a context.
	 * @param beans the beans of a valid configuration
	 * @return the text, of several lines
	 */
	static String of(BeanFactory beans) {
		SettingsSummary summary = new SettingsSummary(beans.getBean(CircuitBreakerRegistry.class));
		summary.addRoutes(beans.getBean(GatewayProperties.class));
		summary.addSettings(beans.getBean(LiveConfiguration.class).current(), beans.getBean(ActuatorPort.class));
		return summary.text.toString();
	}

	private void addRoutes(GatewayProperties gateway) {
		this.text.append("Routes\n");
		gateway.getRoutes().forEach((route) -> this.text.append(INDENT).append(RouteLog.describe(route)).append('\n'));
		if (!gateway.getDefaultFilters().isEmpty()) {
			this.text.append(INDENT)
				.append("all with ")
				.append(String.join(", ", gateway.getDefaultFilters().stream().map(FilterDefinition::getName).toList()))
				.append('\n');
		}
	}

	private void addSettings(WeirProperties properties, ActuatorPort actuator) {
		List<String> settings = new ArrayList<>(SettingText.of(properties, Set.of("pools", "clients", "operators")));
		if (properties.maxBuffered() == null) {
			settings.add("max-buffered a quarter of the heap");
		}
		this.text.append("\nSettings\n").append(SettingText.wrap(INDENT, settings));
		addClients(properties);
		addOperators(properties, actuator);
		properties.pools().forEach(this::addPool);
	}

	private void addClients(WeirProperties properties) {
		TextTable table = new TextTable(INDENT, "name", "keys", "certificates", "Entra callers", "models", "pools",
				"priority", "expires", "limits");
		for (ClientProperties client : properties.clients()) {
			table.add(client.name(), keys(client.key(), client.keySha256()),
					String.valueOf(client.certificates().size()), callers(client, properties.entra()),
					orAll(client.models()), orAll(client.pools()), nameOf(client.priority()), orNever(client.expires()),
					limits(client));
		}
		this.text.append("\nClients\n")
			.append(properties.hasClients() ? table : INDENT + (properties.open()
					? "none: everybody who reaches Weir may call it\n" : "none: Weir serves this machine only\n"));
	}

	private void addOperators(WeirProperties properties, ActuatorPort actuator) {
		this.text.append("\nOperators\n");
		if (properties.operators().isEmpty()) {
			this.text.append(INDENT).append("none: the Actuator ").append(access(properties, actuator)).append('\n');
			return;
		}
		TextTable operators = new TextTable(INDENT, "name", "keys", "expires");
		properties.operators()
			.forEach((operator) -> operators.add(operator.name(), keys(operator.key(), operator.keySha256()),
					orNever(operator.expires())));
		this.text.append(operators);
		if (actuator.kind() != ActuatorPort.Kind.MAIN) {
			this.text.append(INDENT).append("the Actuator ").append(access(properties, actuator)).append('\n');
		}
	}

	private static String access(WeirProperties properties, ActuatorPort actuator) {
		return switch (actuator.kind()) {
			case SEPARATE -> "is on " + actuator.describe() + " and needs no key there";
			case NONE -> "is off";
			case MAIN ->
				(!properties.hasClients() && !properties.open()) ? "is open" : "shows liveness and readiness only";
		};
	}

	private static String limits(ClientProperties client) {
		List<String> limits = new ArrayList<>();
		addLimits(limits, "", client.requestsPerMinute(), client.tokensPerMinute(), client.tokensPerDay());
		if (client.maxConcurrent() != null) {
			limits.add(client.maxConcurrent() + " at once");
		}
		for (ModelLimitProperties limit : client.limits()) {
			addLimits(limits, limit.model() + " ", limit.requestsPerMinute(), limit.tokensPerMinute(),
					limit.tokensPerDay());
		}
		return limits.isEmpty() ? "none" : String.join(", ", limits);
	}

	private static void addLimits(List<String> limits, String model, @Nullable Long requestsPerMinute,
			@Nullable Long tokensPerMinute, @Nullable Long tokensPerDay) {
		if (requestsPerMinute != null) {
			limits.add(model + requestsPerMinute + " requests/min");
		}
		if (tokensPerMinute != null) {
			limits.add(model + tokensPerMinute + " tokens/min");
		}
		if (tokensPerDay != null) {
			limits.add(model + tokensPerDay + " tokens/day");
		}
	}

	private static String callers(ClientProperties client, @Nullable EntraProperties entra) {
		String named = String.valueOf(client.apps().size() + client.users().size() + client.roles().size());
		return (entra != null && client.name().equals(entra.others())) ? named + " and all others" : named;
	}

	private static String keys(List<Secret> keys, List<String> hashes) {
		return String.valueOf(keys.size() + hashes.size());
	}

	private static String orAll(List<String> names) {
		return names.isEmpty() ? "all" : String.join(" ", names);
	}

	private static String orNever(@Nullable ExpiryTime expires) {
		return (expires != null) ? expires.toString() : "never";
	}

	private void addPool(String name, PoolProperties pool) {
		this.text.append("\nPool ").append(name).append('\n');
		this.text.append(SettingText.wrap(INDENT, SettingText.of(pool, Set.of("backends")))).append('\n');
		TextTable table = new TextTable(INDENT, "backend", "priority", "weight", "max-concurrent", "for", "dialect",
				"key", "url");
		for (BackendProperties backend : pool.backends()) {
			table.add(backend.name(), String.valueOf(backend.priority()), String.valueOf(backend.weight()),
					String.valueOf(backend.maxConcurrent()), keptFor(backend), dialect(backend), key(backend),
					backend.url().toString());
		}
		this.text.append(table).append('\n');
		addForEach("models", pool, SettingsSummary::models);
		addForEach("circuit breaker", pool, this::breaker);
	}

	private static String keptFor(BackendProperties backend) {
		return orAll(backend.keptFor().stream().map(SettingsSummary::nameOf).toList());
	}

	private static String nameOf(ClientPriority priority) {
		return priority.name().toLowerCase(Locale.ROOT);
	}

	/** Adds a description of each backend; lines that are the same for all only once. */
	private void addForEach(String title, PoolProperties pool, Function<BackendProperties, List<String>> description) {
		Map<List<String>, List<String>> backends = new LinkedHashMap<>();
		pool.backends()
			.forEach((backend) -> backends.computeIfAbsent(description.apply(backend), (key) -> new ArrayList<>())
				.add(backend.name()));
		this.text.append(INDENT).append(title).append('\n');
		backends.forEach((parts, names) -> {
			List<String> line = new ArrayList<>(parts);
			String subject = (names.size() == pool.backends().size() && names.size() > 1) ? "all backends"
					: String.join(", ", names);
			line.set(0, subject + ": " + parts.get(0));
			this.text.append(SettingText.wrap(INDENT + INDENT, line));
		});
	}

	private static List<String> models(BackendProperties backend) {
		if (backend.models().isEmpty()) {
			return List.of("every model under its own name");
		}
		return backend.models()
			.entrySet()
			.stream()
			.map((model) -> (model.getKey().equals("*") ? "every other model" : model.getKey()) + " as "
					+ model.getValue())
			.toList();
	}

	private static String dialect(BackendProperties backend) {
		String dialect = backend.effectiveDialect().name().toLowerCase(Locale.ROOT);
		return (backend.apiVersion() != null) ? dialect + " " + backend.apiVersion() : dialect;
	}

	private static String key(BackendProperties backend) {
		if (backend.apiKey() != null && !backend.apiKey().isEmpty()) {
			return (backend.apiKeyHeader() != null) ? "set, in " + backend.apiKeyHeader() : "set";
		}
		return switch (backend.effectiveDialect()) {
			case AZURE -> backend.effectiveScope().equals(AzureCloud.PUBLIC.scope()) ? "Entra ID"
					: "Entra ID, " + backend.effectiveScope();
			case OPENAI -> "missing";
		};
	}

	private List<String> breaker(BackendProperties backend) {
		CircuitBreakerConfig breaker = this.breakers.circuitBreaker(backend.name()).getCircuitBreakerConfig();
		Duration open = Duration.ofMillis(breaker.getWaitIntervalFunctionInOpenState().apply(1));
		boolean counts = breaker.getSlidingWindowType() == SlidingWindowType.COUNT_BASED;
		return List.of("opens for " + SettingText.duration(open) + " at " + (int) breaker.getFailureRateThreshold()
				+ " % failures of the last " + breaker.getSlidingWindowSize() + (counts ? " calls" : " seconds")
				+ " (at least " + breaker.getMinimumNumberOfCalls() + " calls)");
	}

}
