package dev.weir.config.load;

import java.util.ArrayList;
import java.util.List;

import org.springframework.boot.context.config.ConfigDataEnvironmentPostProcessor;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.ConfigurationPropertySources;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.MutablePropertySources;
import org.springframework.core.env.PropertySource;
import org.springframework.core.env.StandardEnvironment;
import org.springframework.core.io.ResourceLoader;

/**
 * Reads the configuration files again, with the command line, the environment variables
 * and the profiles of the running application. The running environment does not change:
 * beans read it at any time.
 */
final class FreshEnvironment {

	/** The source that Spring Boot attaches to each environment. */
	private static final String ATTACHED = "configurationProperties";

	private FreshEnvironment() {
	}

	/**
	 * Reads the files.
	 * @param running the environment of the running application
	 * @param resources loads the files
	 * @return an environment with all settings
	 * @throws RuntimeException if a file cannot be read
	 */
	static ConfigurableEnvironment read(ConfigurableEnvironment running, ResourceLoader resources) {
		StandardEnvironment fresh = new StandardEnvironment();
		fresh.setConversionService(running.getConversionService());
		MutablePropertySources sources = fresh.getPropertySources();
		sources.stream().map(PropertySource::getName).toList().forEach(sources::remove);
		running.getPropertySources().stream().filter(FreshEnvironment::isKept).forEach(sources::addLast);
		ConfigurationPropertySources.attach(fresh);
		ConfigDataEnvironmentPostProcessor.applyTo(fresh, resources, null, profilesOfCode(running));
		BundledSettingsPostProcessor.addTo(fresh);
		return fresh;
	}

	// the others come from properties, which are read again
	private static List<String> profilesOfCode(ConfigurableEnvironment running) {
		List<String> profiles = new ArrayList<>(List.of(running.getActiveProfiles()));
		for (String property : List.of("spring.profiles.active", "spring.profiles.include")) {
			Binder.get(running)
				.bind(property, Bindable.setOf(String.class))
				.ifBound((written) -> profiles.removeAll(written));
		}
		return profiles;
	}

	private static boolean isKept(PropertySource<?> source) {
		String name = source.getName();
		return !isFile(source) && !name.equals(ATTACHED) && !name.equals(BundledSettingsPostProcessor.DEFAULTS)
				&& !name.equals(BundledSettingsPostProcessor.DEMO) && !name.equals(ListenerBundles.SOURCE);
	}

	/**
	 * Whether a source is a file, or a folder with a file for each property.
	 * @param source the source
	 * @return whether Spring Boot has read it from a location of configuration files
	 */
	static boolean isFile(PropertySource<?> source) {
		return source.getName().startsWith("Config resource ") || source.getName().startsWith("Config tree ");
	}

}
