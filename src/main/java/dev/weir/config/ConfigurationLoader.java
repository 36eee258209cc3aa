package dev.weir.config;

import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.core.env.ConfigurableEnvironment;

/**
 * Reads the settings out of an environment and finds every mistake in them at once. It
 * changes nothing and keeps nothing, so that it serves for a reload as well as for the
 * start.
 */
public final class ConfigurationLoader {

	private final RouteParts parts;

	/**
	 * Creates a loader that takes any name for that of a predicate or filter.
	 */
	public ConfigurationLoader() {
		this(RouteParts.UNKNOWN);
	}

	ConfigurationLoader(RouteParts parts) {
		this.parts = parts;
	}

	/**
	 * Reads everything below {@code weir}, or the {@code BACKEND_} variables for the
	 * backends of the pool {@code openai}, and checks that the gateway's routes lead to
	 * pools and that its TLS settings leave backends verified. What stands below
	 * {@code weir.simulator} is left to others.
	 * @param environment where the properties come from
	 * @return the settings, complete and valid
	 * @throws InvalidConfigurationException if there is any mistake
	 */
	public WeirProperties load(ConfigurableEnvironment environment) {
		WeirSources written = WeirSources.of(environment);
		BackendVariables variables = BackendVariables.in(environment);
		WeirSources sources = variables.isEmpty() ? written : written.withFirst(variables.asProperties());
		Problems problems = new Problems(sources, variables.names());
		WeirProperties properties = read(sources, problems);
		variables.check(written, problems);
		if (problems.isEmpty() && NothingConfigured.is(properties)) {
			new MisplacedSettings(environment, problems).check();
			if (problems.isEmpty()) {
				problems.report(null, NothingConfigured.PROBLEM);
			}
		}
		else {
			checkRules(properties, environment, problems);
		}
		if (!problems.isEmpty()) {
			throw new InvalidConfigurationException(problems.inReadingOrder(),
					ConfigurationPlaces.of(environment).toString());
		}
		return properties;
	}

	private static WeirProperties read(WeirSources sources, Problems problems) {
		new WrittenNames(sources, problems).check();
		WeirProperties properties = sources.binder()
			.bindOrCreate(SettingTree.ROOT, Bindable.of(WeirProperties.class), new CollectingBindHandler(problems));
		new MissingValues(problems).check(SettingTree.ROOT, properties);
		return properties;
	}

	private void checkRules(WeirProperties properties, ConfigurableEnvironment environment, Problems problems) {
		new PoolRules(problems).check(properties);
		new RouteRules(problems, this.parts).check(environment, properties.pools().keySet());
		new TlsRules(problems).check(environment);
		new DrainRules(problems).check(environment, properties.drainDelay());
	}

}
