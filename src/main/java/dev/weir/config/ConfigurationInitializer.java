package dev.weir.config;

import org.springframework.context.ApplicationContextInitializer;
import org.springframework.context.ConfigurableApplicationContext;

/**
 * Loads the settings before anything else is made, so that a mistake in them is the one
 * thing the log says. They are no bean themselves, since Spring Boot would bind a bean of
 * a {@code @ConfigurationProperties} type once more, in its own way.
 */
final class ConfigurationInitializer implements ApplicationContextInitializer<ConfigurableApplicationContext> {

	@Override
	public void initialize(ConfigurableApplicationContext context) {
		context.getBeanFactory()
			.registerSingleton("liveConfiguration",
					new LiveConfiguration(new ConfigurationLoader().load(context.getEnvironment())));
	}

}
