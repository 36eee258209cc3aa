package dev.weir.config.load;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import org.springframework.boot.env.YamlPropertySourceLoader;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.EnumerablePropertySource;
import org.springframework.core.env.PropertySource;
import org.springframework.core.io.FileSystemResource;

/**
 * The files whose changes can change the configuration: those that were read, those that
 * Spring Boot would read if they existed, the imported ones, and the files of config
 * trees, which a platform mounts.
 */
final class WatchedFiles {

	// a limit for a tree that contains more than settings
	private static final int MAX_IN_TREE = 1000;

	private static final Pattern TREE = Pattern.compile("Config tree '([^']+)'.*");

	private static final Pattern FILE = Pattern.compile("Config resource 'file \\[([^]]+)].*");

	private static final Pattern HINT = Pattern.compile("\\[\\.\\w+]$");

	private final Set<Path> files = new LinkedHashSet<>();

	private WatchedFiles() {
	}

	/**
	 * Finds the files of an environment. It does not matter whether they exist.
	 * @param environment the environment
	 * @return absolute paths, without order
	 */
	static Set<Path> of(ConfigurableEnvironment environment) {
		Set<Path> files = new LinkedHashSet<>(importsOf(environment));
		files.addAll(ConfigurationLocations.of(environment).filesRead());
		files.addAll(ConfigurationLocations.of(environment).candidates());
		return files;
	}

	/**
	 * Finds the files of an environment again and again: a file may be added to a folder.
	 * @param environment the environment. Its properties are read only once: Spring Boot
	 * keeps an index of all properties as long as they are read, which takes 100 MB for a
	 * file with thousands of clients
	 * @param more further files
	 * @return a source of absolute paths, without order
	 */
	static Supplier<Set<Path>> inFoldersOf(ConfigurableEnvironment environment, Set<Path> more) {
		ConfigurationLocations locations = ConfigurationLocations.of(environment);
		Set<Path> known = new LinkedHashSet<>(of(environment));
		known.addAll(more);
		return () -> {
			Set<Path> files = new LinkedHashSet<>(known);
			files.addAll(locations.candidates());
			return files;
		};
	}

	/**
	 * Finds the files that other files import, and those of config trees.
	 * @param environment the environment
	 * @return absolute paths, without order
	 */
	static Set<Path> importsOf(ConfigurableEnvironment environment) {
		WatchedFiles found = new WatchedFiles();
		for (PropertySource<?> source : environment.getPropertySources()) {
			Matcher tree = TREE.matcher(source.getName());
			if (tree.matches()) {
				found.addTree(Path.of(tree.group(1)));
			}
			Matcher file = FILE.matcher(source.getName());
			if (source instanceof EnumerablePropertySource<?> readable) {
				found.addImports(readable, file.matches() ? Path.of(file.group(1)) : Path.of("x"));
			}
		}
		return found.files;
	}

	/**
	 * Finds the files that files import which could not be read as a whole.
	 * @param files the files; those that are not valid are left out
	 * @return absolute paths, without order
	 */
	static Set<Path> importsOf(Collection<Path> files) {
		WatchedFiles found = new WatchedFiles();
		for (Path file : files) {
			if (file.toString().matches(".*\\.ya?ml")) {
				found.addImportsOfYaml(file);
			}
		}
		return found.files;
	}

	private void addImportsOfYaml(Path file) {
		try {
			for (PropertySource<?> source : new YamlPropertySourceLoader().load(file.toString(),
					new FileSystemResource(file))) {
				addImports((EnumerablePropertySource<?>) source, file);
			}
		}
		catch (IOException | RuntimeException ex) {
			// the same failure is reported when the configuration is read
		}
	}

	private void addImports(EnumerablePropertySource<?> source, Path file) {
		Path folder = file.toAbsolutePath().resolveSibling("");
		for (String name : source.getPropertyNames()) {
			if (name.equals("spring.config.import") || name.startsWith("spring.config.import[")) {
				Stream.of(String.valueOf(source.getProperty(name)).split("[,;]"))
					.map(String::strip)
					.forEach((location) -> add(location, folder));
			}
		}
	}

	private void add(String location, Path folder) {
		String text = HINT.matcher(location.replaceFirst("^optional:", "")).replaceFirst("");
		boolean tree = text.startsWith("configtree:");
		String path = text.replaceFirst("^(configtree|file):(//)?", "");
		if (path.isEmpty() || path.matches("[a-z][a-z0-9+-]+:.*")) {
			return;
		}
		try {
			// as in Spring Boot: only a path without a prefix is relative to the file
			Path file = path.equals(text) ? folder.resolve(path).normalize() : Path.of(path).toAbsolutePath();
			if (tree) {
				addTree(file);
			}
			else {
				this.files.add(file);
			}
		}
		catch (InvalidPathException ex) {
			// Spring Boot reports it
		}
	}

	private void addTree(Path folder) {
		if (!Files.isDirectory(folder)) {
			this.files.add(folder);
			return;
		}
		try (Stream<Path> tree = Files.walk(folder)) {
			List<Path> found = tree.limit(MAX_IN_TREE).filter(Files::isRegularFile).toList();
			this.files.addAll(found);
		}
		catch (IOException | UncheckedIOException ex) {
			this.files.add(folder);
		}
	}

}
