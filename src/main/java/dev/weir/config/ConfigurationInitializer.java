package dev.weir.config;

import java.util.List;

import org.springframework.context.ApplicationContextInitializer;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.MutablePropertySources;
import org.springframework.core.env.Profiles;
import org.springframework.core.env.PropertySource;
import org.springframework.core.env.StandardEnvironment;

/**
 * Loads the settings before anything else is made, so that a mistake in them is the one
 * thing the log says. They are no bean themselves, since Spring Boot would bind a bean of
 * a {@code @ConfigurationProperties} type once more, in its own way.
 */
final class ConfigurationInitializer implements ApplicationContextInitializer<ConfigurableApplicationContext> {

	private static final String DEMO = "demo";

	@Override
	public void initialize(ConfigurableApplicationContext context) {
		putDemoFirst(context.getEnvironment());
		context.getBeanFactory()
			.registerSingleton("liveConfiguration",
					new LiveConfiguration(new ConfigurationLoader().load(context.getEnvironment())));
	}

	/**
	 * Sees to it that the demo's pool has simulated backends only. To Spring Boot a
	 * user's {@code application.yml} beside the application outranks the demo's settings
	 * within.
	 */
	private static void putDemoFirst(ConfigurableEnvironment environment) {
		if (!environment.acceptsProfiles(Profiles.of(DEMO))) {
			return;
		}
		MutablePropertySources sources = environment.getPropertySources();
		List<PropertySource<?>> demo = sources.stream()
			.<PropertySource<?>>map((source) -> source)
			.filter((source) -> source.getName().contains("application-" + DEMO + ".yml"))
			.toList();
		String before = StandardEnvironment.SYSTEM_ENVIRONMENT_PROPERTY_SOURCE_NAME;
		for (PropertySource<?> source : demo) {
			sources.remove(source.getName());
			sources.addAfter(before, source);
			before = source.getName();
		}
	}

}
