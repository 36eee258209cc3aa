package dev.weir.config.load;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;

import org.springframework.boot.EnvironmentPostProcessor;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.context.config.ConfigDataEnvironmentPostProcessor;
import org.springframework.boot.env.YamlPropertySourceLoader;
import org.springframework.core.Ordered;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.MutablePropertySources;
import org.springframework.core.env.Profiles;
import org.springframework.core.env.PropertySource;
import org.springframework.core.env.StandardEnvironment;
import org.springframework.core.io.ClassPathResource;

/**
 * Adds the settings that are part of Weir: its defaults with the lowest precedence, and
 * with the profile {@code demo} the settings of the demo with a higher precedence than
 * the users' files. They are not in an {@code application.yml}, because
 * {@code spring.config.location} and {@code spring.config.name} would remove it.
 */
final class BundledSettingsPostProcessor implements EnvironmentPostProcessor, Ordered {

	/** The file with the defaults, which is also the name of its property source. */
	static final String DEFAULTS = "weir-defaults.yml";

	/** The file of the demo, which is also the name of its property source. */
	static final String DEMO = "weir-demo.yml";

	private static final Profiles DEMO_PROFILE = Profiles.of("demo");

	/** After the users' files, because one of them may activate the profile. */
	@Override
	public int getOrder() {
		return ConfigDataEnvironmentPostProcessor.ORDER + 1;
	}

	@Override
	public void postProcessEnvironment(ConfigurableEnvironment environment, SpringApplication application) {
		addTo(environment);
	}

	/**
	 * Adds the settings to an environment that has the users' files.
	 * @param environment the environment
	 */
	static void addTo(ConfigurableEnvironment environment) {
		MutablePropertySources sources = environment.getPropertySources();
		sources.addLast(read(DEFAULTS));
		if (environment.acceptsProfiles(DEMO_PROFILE)) {
			addDemo(sources);
		}
		sources.addFirst(ListenerBundles.overrides(environment));
	}

	/**
	 * Ensures that the demo's pool has simulated backends only, whatever an
	 * {@code application.yml} contains. An {@code application-demo.yml} takes precedence.
	 */
	private static void addDemo(MutablePropertySources sources) {
		String before = StandardEnvironment.SYSTEM_ENVIRONMENT_PROPERTY_SOURCE_NAME;
		List<PropertySource<?>> own = sources.stream()
			.<PropertySource<?>>map((source) -> source)
			.filter((source) -> source.getName().contains("-demo."))
			.toList();
		for (PropertySource<?> source : own) {
			sources.remove(source.getName());
			sources.addAfter(before, source);
			before = source.getName();
		}
		sources.addAfter(before, read(DEMO));
	}

	private static PropertySource<?> read(String file) {
		try {
			return new YamlPropertySourceLoader().load(file, new ClassPathResource(file)).get(0);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

}
