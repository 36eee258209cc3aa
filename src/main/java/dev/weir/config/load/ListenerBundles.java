package dev.weir.config.load;

import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.MapPropertySource;
import org.springframework.core.env.PropertyResolver;
import org.springframework.core.env.PropertySource;
import org.springframework.core.io.ResourceLoader;

/**
 * The SSL bundles of the listeners whose files Weir watches, as certificates are renewed
 * while it runs. Weir watches them in place of Spring Boot, which would use a certificate
 * whose key is not there yet. The user's {@code reload-on-update: false} takes
 * precedence.
 */
public final class ListenerBundles {

	/** The name of the property source. */
	static final String SOURCE = "weir-listener-bundles";

	/** The properties with files, by the type of the bundle. */
	static final Map<String, List<String>> FILES = Map.of("pem",
			List.of("keystore.certificate", "keystore.private-key", "truststore.certificate", "truststore.private-key"),
			"jks", List.of("keystore.location", "truststore.location"));

	private static final List<String> LISTENERS = List.of("server.ssl.bundle", "management.server.ssl.bundle");

	private static final String RELOAD = "reload-on-update";

	private final List<ListenerBundle> watched;

	private ListenerBundles(List<ListenerBundle> watched) {
		this.watched = List.copyOf(watched);
	}

	/**
	 * Returns the name of the properties of a bundle.
	 */
	static ConfigurationPropertyName properties(String type, String bundle) {
		return BracketNotation.append(ConfigurationPropertyName.of("spring.ssl.bundle." + type), bundle);
	}

	/**
	 * Ends the watch of Spring Boot for the bundles that Weir watches.
	 * @param settings all other settings
	 * @return the properties, possibly none, which take precedence over all others
	 */
	static PropertySource<?> overrides(PropertyResolver settings) {
		Map<String, Object> overrides = new HashMap<>();
		LISTENERS.stream().map((name) -> value(settings, name)).filter(Objects::nonNull).forEach((bundle) -> {
			FILES.keySet().forEach((type) -> {
				String prefix = "spring.ssl.bundle." + type + "." + bundle + ".";
				List<String> files = files(settings, type, bundle);
				if (!files.isEmpty() && files.stream().allMatch((file) -> path(file) != null)
						&& !"false".equalsIgnoreCase(value(settings, prefix + RELOAD))) {
					overrides.put(prefix + RELOAD, "false");
				}
			});
		});
		return new MapPropertySource(SOURCE, overrides);
	}

	/**
	 * The bundles that Weir watches.
	 * @return the bundles, possibly none
	 */
	public List<ListenerBundle> watched() {
		return this.watched;
	}

	/**
	 * Finds the bundles that Weir watches.
	 * @param environment the environment with the overrides
	 * @param resources loads the files
	 * @return the bundles with their files as they are now
	 */
	static ListenerBundles of(ConfigurableEnvironment environment, ResourceLoader resources) {
		List<ListenerBundle> bundles = new ArrayList<>();
		PropertySource<?> overrides = environment.getPropertySources().get(SOURCE);
		Set<String> names = new LinkedHashSet<>();
		LISTENERS.stream().map((name) -> value(environment, name)).filter(Objects::nonNull).forEach(names::add);
		for (String name : names) {
			FILES.keySet().forEach((type) -> {
				if (overrides != null
						&& overrides.containsProperty("spring.ssl.bundle." + type + "." + name + "." + RELOAD)) {
					Set<Path> files = new LinkedHashSet<>();
					files(environment, type, name)
						.forEach((file) -> Stream.ofNullable(path(file)).map(Path::toAbsolutePath).forEach(files::add));
					bundles.add(new ListenerBundle(name, type, files, environment, resources));
				}
			});
		}
		return new ListenerBundles(bundles);
	}

	private static List<String> files(PropertyResolver settings, String type, String bundle) {
		return FILES.getOrDefault(type, List.of())
			.stream()
			.map((file) -> value(settings, "spring.ssl.bundle." + type + "." + bundle + "." + file))
			.filter(Objects::nonNull)
			.toList();
	}

	private static @Nullable String value(PropertyResolver settings, String name) {
		try {
			return Stream.ofNullable(settings.getProperty(name))
				.filter((text) -> !text.isBlank())
				.findFirst()
				.orElse(null);
		}
		catch (IllegalArgumentException ex) {
			// a placeholder without a value, which Spring Boot reports itself
			return null;
		}
	}

	/** The file at a location, {@code null} if the location is no existing file. */
	private static @Nullable Path path(String location) {
		try {
			Path path = Path.of(location.startsWith("file:") ? location.substring("file:".length()) : location);
			return Files.isRegularFile(path) ? path : null;
		}
		catch (InvalidPathException ex) {
			return null;
		}
	}

}
