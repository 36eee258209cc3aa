package dev.weir.config.load;

import java.io.IOException;
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
import java.util.stream.Collectors;
import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.io.ApplicationResourceLoader;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.MapPropertySource;
import org.springframework.core.env.PropertyResolver;
import org.springframework.core.env.PropertySource;
import org.springframework.core.io.DefaultResourceLoader;
import org.springframework.core.io.Resource;
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

	private static final List<String> LISTENERS = List.of("server.ssl", "management.server.ssl");

	private static final String RELOAD = "reload-on-update";

	/** As Spring Boot: a path without a scheme is a file. */
	private static final ResourceLoader LOCATIONS = ApplicationResourceLoader.get(new DefaultResourceLoader(), true);

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
		names(settings).forEach((bundle) -> FILES.keySet().forEach((type) -> {
			String reload = "spring.ssl.bundle." + type + "." + bundle + "." + RELOAD;
			if (!files(settings, type, bundle).isEmpty() && !WrittenProperties.isFalse(value(settings, reload))) {
				overrides.put(reload, "false");
			}
		}));
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
	public static ListenerBundles of(ConfigurableEnvironment environment, ResourceLoader resources) {
		List<ListenerBundle> bundles = new ArrayList<>();
		PropertySource<?> overrides = environment.getPropertySources().get(SOURCE);
		for (String name : names(environment)) {
			FILES.keySet().forEach((type) -> {
				if (overrides != null
						&& overrides.containsProperty("spring.ssl.bundle." + type + "." + name + "." + RELOAD)) {
					bundles.add(new ListenerBundle(name, type, files(environment, type, name), environment, resources));
				}
			});
		}
		return new ListenerBundles(bundles);
	}

	/** The bundles of the listeners, also those for a server name. */
	private static Set<String> names(PropertyResolver settings) {
		Set<String> names = new LinkedHashSet<>();
		for (String listener : LISTENERS) {
			Stream.ofNullable(value(settings, listener + ".bundle")).forEach(names::add);
			Stream.iterate(0, (index) -> index + 1)
				.map((index) -> value(settings, listener + ".server-name-bundles[" + index + "].bundle"))
				.takeWhile(Objects::nonNull)
				.forEach(names::add);
		}
		return names;
	}

	/** The files of a bundle, without what is written in the configuration itself. */
	private static Set<Path> files(PropertyResolver settings, String type, String bundle) {
		return FILES.getOrDefault(type, List.of())
			.stream()
			.map((file) -> value(settings, "spring.ssl.bundle." + type + "." + bundle + "." + file))
			.filter(Objects::nonNull)
			.map(ListenerBundles::path)
			.filter(Objects::nonNull)
			.collect(Collectors.toSet());
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
			Resource resource = LOCATIONS.getResource(location);
			Path path = resource.isFile() ? resource.getFile().toPath().toAbsolutePath() : null;
			return (path != null && Files.isRegularFile(path)) ? path : null;
		}
		catch (IOException | InvalidPathException ex) {
			return null;
		}
	}

}
