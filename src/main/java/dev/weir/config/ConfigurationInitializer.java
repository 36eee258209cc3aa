package dev.weir.config;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.context.ApplicationContextInitializer;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.core.env.ConfigurableEnvironment;

/**
 * Loads the settings before the first bean is made, so that a mistake in them is the one
 * thing the log says. Beans are known by then, though: which predicates and filters a
 * route may name is among what is checked. The settings are no beans themselves, since
 * Spring Boot would bind a bean of a {@code @ConfigurationProperties} type once more, in
 * its own way.
 */
final class ConfigurationInitializer implements ApplicationContextInitializer<ConfigurableApplicationContext> {

	private static final Logger logger = LoggerFactory.getLogger(ConfigurationInitializer.class);

	@Override
	public void initialize(ConfigurableApplicationContext context) {
		ConfigurableEnvironment environment = context.getEnvironment();
		context.addBeanFactoryPostProcessor((beans) -> load(environment, beans));
	}

	private static void load(ConfigurableEnvironment environment, ConfigurableListableBeanFactory beans) {
		WeirProperties properties = new ConfigurationLoader(RouteParts.in(beans)).load(environment);
		beans.registerSingleton("liveConfiguration", new LiveConfiguration(properties));
		logger.info("{}", ConfigurationPlaces.of(environment));
		ConfigurationWarnings.find(environment, properties)
			.forEach((warning) -> logger.warn("{}. {}", warning, warning.cure()));
	}

}
