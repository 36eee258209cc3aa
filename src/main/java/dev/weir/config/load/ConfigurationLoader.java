package dev.weir.config.load;

import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.core.env.ConfigurableEnvironment;

import dev.weir.config.WeirProperties;

/**
 * Reads the settings from an environment and reports all mistakes in them at once. It has
 * no state, so that it can load settings at the start and for a reload.
 */
public final class ConfigurationLoader {

	private final RouteFactoryNames factories;

	/**
	 * Creates a loader that accepts any name of a predicate or filter.
	 */
	public ConfigurationLoader() {
		this(RouteFactoryNames.UNKNOWN);
	}

	ConfigurationLoader(RouteFactoryNames factories) {
		this.factories = factories;
	}

	/**
	 * Reads everything below {@code weir} except {@code weir.simulator}, and the
	 * {@code BACKEND_} variables, which can define the backends of the pool
	 * {@code openai}. Checks these settings, the gateway's routes, its TLS settings and
	 * those of the ports.
	 * @param environment where the properties come from
	 * @return complete and valid settings
	 * @throws InvalidConfigurationException if there is any mistake
	 */
	public WeirProperties load(ConfigurableEnvironment environment) {
		return load(environment, true);
	}

	/**
	 * Reads the settings again while Weir runs. The files of certificates and keys are
	 * not checked: a reload does not read them, and they may be replaced at this moment.
	 * @param environment where the properties come from
	 * @return complete and valid settings
	 * @throws InvalidConfigurationException if there is any mistake
	 */
	WeirProperties loadAgain(ConfigurableEnvironment environment) {
		return load(environment, false);
	}

	private WeirProperties load(ConfigurableEnvironment environment, boolean withFiles) {
		WeirSources written = WeirSources.of(environment);
		BackendVariables variables = BackendVariables.of(environment);
		WeirSources sources = variables.isEmpty() ? written : written.withFirst(variables.asProperties());
		ProblemCollector problems = new ProblemCollector(sources, variables.names());
		WeirProperties properties = read(environment, sources, problems);
		variables.check(written, problems);
		if (problems.isEmpty() && NoBackendCheck.hasNoBackend(properties)) {
			new MisplacedSettingsCheck(environment, problems).check();
			if (problems.isEmpty()) {
				problems.report(null, NoBackendCheck.PROBLEM);
			}
		}
		else {
			checkRules(properties, environment, sources, problems);
			if (withFiles) {
				new TlsFilesCheck(problems, environment).checkFiles();
			}
		}
		if (!problems.isEmpty()) {
			throw new InvalidConfigurationException(problems.inReadingOrder(),
					ConfigurationLocations.of(environment).toString());
		}
		return properties;
	}

	private static WeirProperties read(ConfigurableEnvironment environment, WeirSources sources,
			ProblemCollector problems) {
		new WrittenPropertyCheck(sources, problems).check();
		new WrittenTextCheck(environment, problems).check();
		WeirProperties properties = sources.binder()
			.bindOrCreate(SettingTree.ROOT, Bindable.of(WeirProperties.class), new CollectingBindHandler(problems));
		new RequiredValueCheck(problems).check(SettingTree.ROOT, properties);
		new EmptyRestrictionCheck(sources, problems).check(properties);
		return properties;
	}

	private void checkRules(WeirProperties properties, ConfigurableEnvironment environment, WeirSources sources,
			ProblemCollector problems) {
		new PoolCheck(problems).check(properties, sources);
		new ClientCheck(problems).check(properties);
		new EntraCheck(problems).check(properties);
		new CertificateCheck(problems).check(environment, properties.clients());
		new RedisCheck(problems).check(properties.redis());
		new OpenCheck(problems).check(environment, properties);
		new RouteCheck(problems, this.factories).check(environment, properties.pools().keySet());
		new TlsCheck(problems).check(environment);
		new TlsFilesCheck(problems, environment).checkNames(properties.state());
		new PortCheck(problems).check(environment);
		new DrainDelayCheck(problems).check(environment, properties.drainDelay());
	}

}
