package dev.weir.config.load;

import java.util.List;
import java.util.Map;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.boot.actuate.autoconfigure.web.server.ManagementPortType;
import org.springframework.context.ApplicationContextInitializer;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.MapPropertySource;
import org.springframework.core.io.ResourceLoader;
import org.springframework.util.StringUtils;

import dev.weir.config.LiveConfiguration;
import dev.weir.config.WeirProperties;

/**
 * Loads the settings after all beans are defined and before the first one is created, so
 * that the log of a failed start shows the mistakes and nothing else. The bean
 * definitions are needed to know the predicates and filters that a route can use. The
 * settings are not a bean, because Spring Boot would bind a bean of a
 * {@code @ConfigurationProperties} type again, without these checks.
 */
final class ConfigurationInitializer implements ApplicationContextInitializer<ConfigurableApplicationContext> {

	private static final String MANAGEMENT_ADDRESS = "management.server.address";

	private static final Logger logger = LoggerFactory.getLogger(ConfigurationInitializer.class);

	@Override
	public void initialize(ConfigurableApplicationContext context) {
		ConfigurableEnvironment environment = context.getEnvironment();
		context.addBeanFactoryPostProcessor((beans) -> load(environment, beans, context));
	}

	private static void load(ConfigurableEnvironment environment, ConfigurableListableBeanFactory beans,
			ResourceLoader resources) {
		WeirProperties properties = new ConfigurationLoader(RouteFactoryNames.of(beans)).load(environment);
		List<ConfigurationProblem> problems = new ServerTlsCheck(environment, resources).check();
		if (!problems.isEmpty()) {
			throw new InvalidConfigurationException(problems, ConfigurationLocations.of(environment).toString());
		}
		if (!properties.hasClients() && !properties.open()) {
			keepManagementLocal(environment);
		}
		beans.registerSingleton("liveConfiguration", new LiveConfiguration(properties));
		beans.registerSingleton("listenerTls", CertificateCheck.listener(environment));
		beans.registerSingleton("actuatorPort", ActuatorPortCheck.portOf(environment));
		// now, so that no change during the rest of the start is missed
		beans.registerSingleton("startedFiles", FileFingerprints.of(environment));
		beans.registerSingleton("listenerBundles", ListenerBundles.of(environment, resources));
		logger.info("{}", ConfigurationLocations.of(environment));
		ConfigurationLinter.lint(environment, properties)
			.forEach((warning) -> logger.warn("{}. {}", warning, warning.cure()));
	}

	/**
	 * Without clients, Weir serves the loopback interface. A separate port for the
	 * Actuator must not be open to more: Spring Boot does not give it the address of the
	 * main port.
	 */
	private static void keepManagementLocal(ConfigurableEnvironment environment) {
		if (ManagementPortType.get(environment) == ManagementPortType.DIFFERENT
				&& !StringUtils.hasText(environment.getProperty(MANAGEMENT_ADDRESS))) {
			// takes precedence over an address that is present and empty
			environment.getPropertySources()
				.addFirst(new MapPropertySource("weir-management-address", Map.of(MANAGEMENT_ADDRESS, "127.0.0.1")));
		}
	}

}
