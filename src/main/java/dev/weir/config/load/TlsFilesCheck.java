package dev.weir.config.load;

import java.io.IOException;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.context.properties.source.ConfigurationProperty;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.io.ApplicationResourceLoader;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.io.DefaultResourceLoader;
import org.springframework.core.io.Resource;
import org.springframework.core.io.ResourceLoader;

import dev.weir.config.StateStore;
import dev.weir.config.Suggestion;

/**
 * Checks that the SSL bundles that ports and Redis name exist, and the files of
 * certificates, keys and stores. Spring Boot's own messages do not name the property.
 */
final class TlsFilesCheck {

	private static final ConfigurationPropertyName BUNDLE = ConfigurationPropertyName.of("spring.ssl.bundle");

	private static final ConfigurationPropertyName REDIS = ConfigurationPropertyName.of("spring.data.redis.ssl.bundle");

	private static final List<ConfigurationPropertyName> SERVERS = Stream.of("server.ssl", "management.server.ssl")
		.map(ConfigurationPropertyName::of)
		.toList();

	private static final List<String> FILES_OF_SERVER = List.of("certificate", "certificate-private-key",
			"trust-certificate", "trust-certificate-private-key", "key-store", "trust-store");

	private static final Pattern SCHEME_OF_FILE = Pattern.compile("(?i)(file:.*|(?![a-z][a-z0-9+.-]+:).*)",
			Pattern.DOTALL);

	/** A key that was written in the place of its file. */
	private static final Pattern KEY = Pattern.compile("[A-Za-z0-9+=]{40}|^M[CI][A-Za-z0-9+/]{30}");

	private final ProblemCollector problems;

	private final WrittenProperties written;

	private final ResourceLoader resources = ApplicationResourceLoader.get(new DefaultResourceLoader(), true);

	TlsFilesCheck(ProblemCollector problems, ConfigurableEnvironment environment) {
		this.problems = problems;
		this.written = new WrittenProperties(environment);
	}

	/**
	 * Checks the names of bundles.
	 * @param state where state is kept: Redis needs its bundle only if it is used
	 */
	void checkNames(StateStore state) {
		servers().forEach((server) -> {
			checkBundle(server.append("bundle"));
			checkBundles(server.append("server-name-bundles"));
		});
		if (state == StateStore.REDIS) {
			checkBundle(REDIS);
		}
	}

	/**
	 * Checks that files exist and can be read.
	 */
	void checkFiles() {
		// Spring Boot ignores the files beside a bundle
		servers().filter((server) -> value(server.append("bundle")).isEmpty())
			.forEach((server) -> FILES_OF_SERVER.forEach((file) -> checkFile(server.append(file))));
		for (String type : List.of("pem", "jks")) {
			ConfigurationPropertyName ofType = BUNDLE.append(type);
			for (String name : this.written.children(ofType)) {
				ListenerBundles.FILES.getOrDefault(type, List.of())
					.forEach((file) -> checkFile(BracketNotation.append(ofType, name).append(file)));
			}
		}
	}

	/** The servers whose TLS is not switched off. */
	private Stream<ConfigurationPropertyName> servers() {
		return SERVERS.stream().filter((server) -> !WrittenProperties.isFalse(value(server.append("enabled"))));
	}

	private String value(ConfigurationPropertyName name) {
		ConfigurationProperty property = this.written.find(name);
		return (property != null) ? this.written.value(property) : "";
	}

	private void checkBundles(ConfigurationPropertyName list) {
		for (String index : this.written.children(list)) {
			checkBundle(list.append("[" + index + "]").append("bundle"));
		}
	}

	private void checkBundle(ConfigurationPropertyName at) {
		ConfigurationProperty property = this.written.find(at);
		String name = (property != null) ? this.written.value(property) : "";
		if (property == null || name.isEmpty()) {
			return;
		}
		Set<String> bundles = bundles(this.written);
		if (!bundles.contains(name)) {
			this.problems.reportOnce(at, property.getOrigin(), name, "is the name of an SSL bundle that does not exist",
					Suggestion.of(name, bundles)
						.map((suggestion) -> "Did you mean " + suggestion + "?")
						.orElse("Define spring.ssl.bundle.pem." + name + "."));
		}
	}

	/**
	 * Returns the names of all SSL bundles.
	 */
	static Set<String> bundles(WrittenProperties written) {
		Set<String> names = new TreeSet<>(written.children(BUNDLE.append("pem")));
		names.addAll(written.children(BUNDLE.append("jks")));
		return names;
	}

	private void checkFile(ConfigurationPropertyName at) {
		ConfigurationProperty property = this.written.find(at);
		String location = (property != null) ? this.written.value(property) : "";
		if (property == null || location.isEmpty() || location.contains("-----BEGIN")
				|| !SCHEME_OF_FILE.matcher(location).matches()) {
			return;
		}
		String mistake = mistake(this.resources.getResource(location));
		if (mistake != null) {
			this.problems.reportOnce(at, property.getOrigin(), KEY.matcher(location).find() ? null : location, mistake,
					"Correct the path, or the owner and the permissions of the file. A relative path begins at the"
							+ " working directory of Weir.");
		}
	}

	private static @Nullable String mistake(Resource resource) {
		if (!resource.exists()) {
			return "is a file that does not exist";
		}
		try {
			if (resource.getFile().isDirectory()) {
				return "is a folder, not a file";
			}
		}
		catch (IOException ex) {
			// not on the file system
		}
		return resource.isReadable() ? null : "is a file that the user who runs Weir may not read";
	}

}
