package dev.weir.config.load;

import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;

import org.springframework.core.env.MapPropertySource;
import org.springframework.core.env.PropertyResolver;
import org.springframework.core.env.PropertySource;

/**
 * Makes Spring Boot reload the SSL bundles of the listeners when their files change, as
 * certificates are renewed while Weir runs. The user's {@code reload-on-update} takes
 * precedence. Spring Boot can watch files only, so it must not be asked to watch a
 * certificate that is written in the configuration.
 */
final class ListenerBundles {

	/** The name of the property source. */
	static final String SOURCE = "weir-listener-bundles";

	private static final List<String> LISTENERS = List.of("server.ssl.bundle", "management.server.ssl.bundle");

	private static final Map<String, List<String>> FILES = Map.of("pem",
			List.of("keystore.certificate", "keystore.private-key", "truststore.certificate", "truststore.private-key"),
			"jks", List.of("keystore.location", "truststore.location"));

	private ListenerBundles() {
	}

	/**
	 * The defaults for the bundles of the listeners.
	 * @param settings all other settings
	 * @return the properties, possibly none
	 */
	static PropertySource<?> defaults(PropertyResolver settings) {
		Map<String, Object> defaults = new HashMap<>();
		LISTENERS.stream().map((name) -> value(settings, name)).filter(Objects::nonNull).forEach((bundle) -> {
			FILES.forEach((type, files) -> {
				String prefix = "spring.ssl.bundle." + type + "." + bundle + ".";
				List<String> set = files.stream()
					.map((file) -> value(settings, prefix + file))
					.filter(Objects::nonNull)
					.toList();
				if (!set.isEmpty() && set.stream().allMatch(ListenerBundles::isFile)) {
					defaults.put(prefix + "reload-on-update", "true");
				}
			});
		});
		return new MapPropertySource(SOURCE, defaults);
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

	private static boolean isFile(String location) {
		try {
			String path = location.startsWith("file:") ? location.substring("file:".length()) : location;
			return Files.isRegularFile(Path.of(path));
		}
		catch (InvalidPathException ex) {
			return false;
		}
	}

}
