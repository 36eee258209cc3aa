package dev.weir.config.load;

import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;

import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.SequenceNode;

/**
 * Refuses YAML files that Spring Boot cannot read in a reasonable time while Weir serves
 * requests: too large ones, and those whose aliases contain themselves or each other many
 * times. Spring Boot replaces each alias by a copy.
 */
final class YamlSizeCheck {

	private static final long MAX_BYTES = FileFingerprints.MAX_BYTES;

	private static final long MAX_VALUES = 200_000;

	private static final long ENDLESS = Long.MAX_VALUE / 4;

	private final Map<Node, Long> sizes = new IdentityHashMap<>();

	private YamlSizeCheck() {
	}

	/**
	 * Checks files.
	 * @param files the files; those that do not exist, are not YAML or have another
	 * mistake are left to Spring Boot
	 * @throws InvalidConfigurationException if a file is too large
	 */
	static void check(Collection<Path> files) {
		for (Path file : files) {
			String mistake = mistakeOf(file);
			if (mistake != null) {
				throw new InvalidConfigurationException(List.of(new ConfigurationProblem(file.toString(), null, null,
						mistake, "Remove the aliases (*name), or split the file.")));
			}
		}
	}

	private static @Nullable String mistakeOf(Path file) {
		if (!Files.isRegularFile(file) || !file.toString().matches(".*\\.ya?ml")) {
			return null;
		}
		try {
			if (Files.size(file) > MAX_BYTES) {
				return "is larger than " + MAX_BYTES / (1024 * 1024) + " MB";
			}
			LoaderOptions options = new LoaderOptions();
			options.setMaxAliasesForCollections(Integer.MAX_VALUE);
			try (Reader reader = Files.newBufferedReader(file)) {
				YamlSizeCheck check = new YamlSizeCheck();
				for (Node document : new Yaml(options).composeAll(reader)) {
					if (check.size(document) > MAX_VALUES) {
						return "has aliases that contain themselves, or more than " + MAX_VALUES + " values";
					}
				}
			}
			return null;
		}
		catch (IOException | YAMLException ex) {
			return null;
		}
	}

	private long size(Node node) {
		Long known = this.sizes.putIfAbsent(node, ENDLESS);
		if (known != null) {
			return known;
		}
		long size = 1;
		if (node instanceof MappingNode map) {
			for (NodeTuple entry : map.getValue()) {
				size = Math.min(ENDLESS, size + size(entry.getValueNode()));
			}
		}
		else if (node instanceof SequenceNode list) {
			for (Node entry : list.getValue()) {
				size = Math.min(ENDLESS, size + size(entry));
			}
		}
		this.sizes.put(node, size);
		return size;
	}

}
