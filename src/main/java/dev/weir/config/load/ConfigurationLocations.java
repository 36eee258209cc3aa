package dev.weir.config.load;

import java.io.File;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.system.ApplicationHome;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.PropertySource;

/**
 * The locations that Spring Boot searched for configuration files, and the files that it
 * read. Spring Boot does not log them, so a user would not notice a file in a folder that
 * is not searched.
 */
final class ConfigurationLocations {

	private static final String DEFAULT_LOCATIONS = "file:./;file:./config/;file:./config/*/";

	private static final List<String> EXTENSIONS = List.of("yml", "yaml", "properties");

	// the name that Spring Boot gives to the property source of a file
	private static final Pattern READ = Pattern.compile("Config resource '(?:file|URL) \\[([^]]+)].*");

	/** A location that is not a file or a folder: classpath:, configtree: and so on. */
	private static final Pattern OTHER_SCHEME = Pattern.compile("(?!file:)[a-z][a-z0-9+-]+:");

	private final Set<String> read = new LinkedHashSet<>();

	private final List<String> names;

	private final List<String> locations = new ArrayList<>();

	private ConfigurationLocations(ConfigurableEnvironment environment) {
		for (PropertySource<?> source : environment.getPropertySources()) {
			Matcher file = READ.matcher(source.getName());
			if (file.matches()) {
				this.read.add(absolute(file.group(1)));
			}
		}
		this.names = split(environment.getProperty("spring.config.name", "application"));
		Stream
			.of(environment.getProperty("spring.config.location", DEFAULT_LOCATIONS),
					environment.getProperty("spring.config.additional-location", ""))
			.flatMap((text) -> split(text).stream())
			.map((location) -> location.replaceFirst("^optional:", ""))
			.map(ConfigurationLocations::absolute)
			.forEach(this.locations::add);
	}

	static ConfigurationLocations of(ConfigurableEnvironment environment) {
		return new ConfigurationLocations(environment);
	}

	/**
	 * Returns the existing files at these locations that Spring Boot may have read,
	 * including those of profiles.
	 * @return files that exist
	 */
	List<Path> candidates() {
		Set<Path> files = new LinkedHashSet<>();
		this.read.forEach((file) -> files.add(Path.of(file)));
		for (String location : this.locations) {
			if (OTHER_SCHEME.matcher(location).lookingAt()) {
				continue;
			}
			if (!location.endsWith("/")) {
				files.add(Path.of(location));
			}
			else if (location.endsWith("/*/")) {
				list(Path.of(location.substring(0, location.length() - 2)), "*").filter(Files::isDirectory)
					.forEach((folder) -> addFilesIn(folder, files));
			}
			else {
				addFilesIn(Path.of(location), files);
			}
		}
		return files.stream().filter(Files::isRegularFile).toList();
	}

	/**
	 * Returns the files that Spring Boot has read.
	 * @return absolute paths
	 */
	List<Path> filesRead() {
		return this.read.stream().map(Path::of).toList();
	}

	private void addFilesIn(Path folder, Set<Path> files) {
		for (String name : this.names) {
			for (String extension : EXTENSIONS) {
				list(folder, name + "." + extension).forEach(files::add);
				list(folder, name + "-*." + extension).forEach(files::add);
			}
		}
	}

	private static Stream<Path> list(Path folder, String pattern) {
		List<Path> files = new ArrayList<>();
		try (DirectoryStream<Path> stream = Files.newDirectoryStream(folder, pattern)) {
			stream.forEach(files::add);
		}
		catch (IOException ex) {
			// the folder does not exist or is not readable, so Spring Boot reads no file
			// from it
		}
		return files.stream().sorted();
	}

	/**
	 * Describes the files that were read and the locations that were searched.
	 * @return one or two sentences
	 */
	@Override
	public String toString() {
		boolean folders = this.locations.stream().anyMatch((location) -> location.endsWith("/"));
		String searched = "searched " + String.join(", ", this.locations)
				+ (folders ? " for "
						+ String.join(", ", this.names.stream().map((name) -> name + ".{yml,yaml,properties}").toList())
						+ " and the files of profiles" : "");
		String text = this.read.isEmpty() ? "No configuration file was read; " + searched
				: "Configuration read from " + String.join(", ", this.read) + "; " + searched;
		Path unread = unreadFileBesideJar();
		return (unread == null) ? text : text + ". " + unread + " was not read: start Weir in that folder, or add"
				+ " --spring.config.additional-location=file:" + unread;
	}

	private @Nullable Path unreadFileBesideJar() {
		File source = new ApplicationHome(ConfigurationLocations.class).getSource();
		if (source == null || !source.getName().endsWith(".jar")) {
			return null;
		}
		Path file = source.toPath().resolveSibling("application.yml").toAbsolutePath().normalize();
		return (Files.isRegularFile(file) && !this.read.contains(file.toString())) ? file : null;
	}

	private static List<String> split(String text) {
		return Stream.of(text.split("[,;]")).map(String::strip).filter((part) -> !part.isEmpty()).toList();
	}

	private static String absolute(String location) {
		if (OTHER_SCHEME.matcher(location).lookingAt()) {
			return location;
		}
		String file = location.replaceFirst("^file:(//)?", "");
		boolean wildcard = file.endsWith("/*/");
		String path = Path.of(wildcard ? file.substring(0, file.length() - 2) : file)
			.toAbsolutePath()
			.normalize()
			.toString();
		if (wildcard) {
			return path + "/*/";
		}
		return file.endsWith("/") && !path.endsWith("/") ? path + "/" : path;
	}

}
