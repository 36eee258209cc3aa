package dev.weir.config.load;

import java.io.IOException;
import java.io.Reader;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeSet;
import java.util.regex.Pattern;

import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;
import org.yaml.snakeyaml.nodes.Tag;
import org.yaml.snakeyaml.reader.UnicodeReader;

import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.origin.Origin;
import org.springframework.boot.origin.OriginLookup;
import org.springframework.boot.origin.TextResourceOrigin;
import org.springframework.core.ResolvableType;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.EnumerablePropertySource;
import org.springframework.core.env.PropertySource;
import org.springframework.core.io.Resource;

import dev.weir.config.Secret;

/**
 * Checks the text of files in YAML, of which Spring Boot keeps the values only: finds
 * properties below {@code weir} that are written twice, of which one would have no
 * effect, and numbers that YAML does not read in base 10.
 */
final class WrittenTextCheck {

	private static final Pattern DECIMAL = Pattern.compile("[-+]?(0|[1-9][0-9_]*)");

	/** A number that is the same text when it is printed. */
	private static final Pattern PLAIN = Pattern.compile("0|-?[1-9][0-9]*");

	/** Spring Boot has read the file already, so that a deeper one repeats itself. */
	private static final int MAX_DEPTH = 50;

	private final ConfigurableEnvironment environment;

	private final ProblemCollector problems;

	WrittenTextCheck(ConfigurableEnvironment environment, ProblemCollector problems) {
		this.environment = environment;
		this.problems = problems;
	}

	void check() {
		activeLines().forEach((resource, lines) -> {
			LoaderOptions options = new LoaderOptions();
			options.setCodePointLimit(Integer.MAX_VALUE);
			try (Reader reader = new UnicodeReader(resource.getInputStream())) {
				for (Node document : new Yaml(options).composeAll(reader)) {
					// a document of another profile has no effect
					Integer line = lines.ceiling(document.getStartMark().getLine());
					if (line != null && line <= document.getEndMark().getLine()) {
						new Document(resource).walk("", document, 0);
					}
				}
			}
			catch (IOException | YAMLException ex) {
				// Spring Boot has read the file: it has just changed
			}
		});
	}

	/** Returns a line of each document in use. */
	private Map<Resource, TreeSet<Integer>> activeLines() {
		Map<Resource, TreeSet<Integer>> lines = new LinkedHashMap<>();
		for (PropertySource<?> source : this.environment.getPropertySources()) {
			if (source instanceof EnumerablePropertySource<?> readable && readable.getPropertyNames().length > 0
					&& OriginLookup.getOrigin(source,
							readable.getPropertyNames()[0]) instanceof TextResourceOrigin origin
					&& origin.getResource() != null && origin.getLocation() != null
					&& String.valueOf(origin.getResource().getFilename()).matches(".*\\.ya?ml")) {
				lines.computeIfAbsent(origin.getResource(), (resource) -> new TreeSet<>())
					.add(origin.getLocation().getLine());
			}
		}
		return lines;
	}

	/** One document of a file. */
	private final class Document {

		private final Map<ConfigurationPropertyName, Place> places = new HashMap<>();

		private final Resource resource;

		private Document(Resource resource) {
			this.resource = resource;
		}

		private void walk(String path, Node node, int depth) {
			if (depth > MAX_DEPTH || (!path.isEmpty() && !path.regionMatches(true, 0, "weir", 0, 4))) {
				return;
			}
			if (node instanceof MappingNode map) {
				for (NodeTuple entry : map.getValue()) {
					// what is merged from an anchor may be overridden
					if (entry.getKeyNode() instanceof ScalarNode key && !key.getTag().equals(Tag.MERGE)) {
						walk(child(path, key.getValue()), entry.getValueNode(), depth + 1);
					}
				}
			}
			else if (node instanceof SequenceNode list) {
				for (int i = 0; i < list.getValue().size(); i++) {
					walk(path + "[" + i + "]", list.getValue().get(i), depth + 1);
				}
			}
			else if (node instanceof ScalarNode scalar) {
				check(ConfigurationPropertyName.adapt(BracketNotation.addBrackets(path), '.'), scalar);
			}
		}

		// as Spring Boot names the properties
		private static String child(String path, String key) {
			return (path.isEmpty() || key.startsWith("[")) ? path + key : path + "." + key;
		}

		private void check(ConfigurationPropertyName name, ScalarNode scalar) {
			if (!SettingTree.ROOT.isAncestorOf(name)) {
				return;
			}
			Place other = this.places.putIfAbsent(name, new Place(name, scalar.getStartMark().getLine() + 1));
			if (other != null) {
				WrittenTextCheck.this.problems.reportOnce(other.name(), origin(scalar), null,
						"is written twice, also in line " + other.line(),
						"Remove one of them. Hyphens and upper case make no difference in a name.");
			}
			ResolvableType type = SettingTree.typeOf(name);
			if (type != null && Tag.INT.equals(scalar.getTag())) {
				checkNumber(name, type, scalar);
			}
		}

		private void checkNumber(ConfigurationPropertyName name, ResolvableType type, ScalarNode scalar) {
			boolean text = isText(type);
			String written = scalar.getValue();
			if ((text ? PLAIN : DECIMAL).matcher(written).matches()) {
				return;
			}
			WrittenTextCheck.this.problems.reportOnce(name, origin(scalar), isSecret(type) ? null : written,
					text ? "is a text that YAML reads as a number" : "is a number that YAML does not read in base 10",
					text ? "Write it in quotes." : Expectation.of(Bindable.of(type)).cure()
							+ " It must not begin with 0 or contain a colon.");
		}

		private Origin origin(ScalarNode scalar) {
			return new TextResourceOrigin(this.resource, new TextResourceOrigin.Location(
					scalar.getStartMark().getLine(), scalar.getStartMark().getColumn()));
		}

	}

	private static boolean isText(ResolvableType type) {
		return type.resolve(Object.class) == String.class || isSecret(type);
	}

	private static boolean isSecret(ResolvableType type) {
		return type.resolve(Object.class) == Secret.class || SettingTree.isCollection(type);
	}

	/** Where a property is written first, and how. */
	private record Place(ConfigurationPropertyName name, int line) {
	}

}
