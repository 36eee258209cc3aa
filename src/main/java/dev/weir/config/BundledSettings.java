package dev.weir.config;

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
 * Adds the settings that come with Weir: its defaults below everything that users set,
 * and under the profile {@code demo} those of the demo above their files. They are no
 * {@code application.yml}, which {@code spring.config.location} and
 * {@code spring.config.name} would take away.
 */
final class BundledSettings implements EnvironmentPostProcessor, Ordered {

	/** The file with the defaults, and the name of their property source. */
	static final String DEFAULTS = "weir-defaults.yml";

	/** The file with the demo, and the name of its property source. */
	static final String DEMO = "weir-demo.yml";

	private static final Profiles DEMO_PROFILE = Profiles.of("demo");

	/** After the users' files, since one of them may choose the profile. */
	@Override
	public int getOrder() {
		return ConfigDataEnvironmentPostProcessor.ORDER + 1;
	}

	@Override
	public void postProcessEnvironment(ConfigurableEnvironment environment, SpringApplication application) {
		MutablePropertySources sources = environment.getPropertySources();
		sources.addLast(read(DEFAULTS));
		if (environment.acceptsProfiles(DEMO_PROFILE)) {
			addDemo(sources);
		}
	}

	/**
	 * Sees to it that the demo's pool has simulated backends only, whatever an
	 * {@code application.yml} says. A file for the demo itself may change it.
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
