package dev.weir.config.load;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.context.properties.source.ConfigurationProperty;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName.Form;
import org.springframework.boot.context.properties.source.ConfigurationPropertySource;
import org.springframework.boot.context.properties.source.ConfigurationPropertySources;
import org.springframework.boot.context.properties.source.IterableConfigurationPropertySource;
import org.springframework.core.env.ConfigurableEnvironment;

/**
 * The properties of Spring as they are written, with their origins.
 */
final class WrittenProperties {

	/** As Spring converts a text to a boolean. */
	private static final Set<String> FALSE = Set.of("false", "off", "no", "0");

	private final List<ConfigurationPropertySource> sources = new ArrayList<>();

	private final ConfigurableEnvironment environment;

	WrittenProperties(ConfigurableEnvironment environment) {
		this.environment = environment;
		environment.getPropertySources()
			.stream()
			.filter((source) -> !source.getName().equals(ListenerBundles.SOURCE))
			.map(ConfigurationPropertySource::from)
			.filter(Objects::nonNull)
			.forEach(this.sources::add);
	}

	@Nullable ConfigurationProperty find(ConfigurationPropertyName name) {
		for (ConfigurationPropertySource source : this.sources) {
			ConfigurationProperty property = source.getConfigurationProperty(name);
			if (property != null) {
				return property;
			}
		}
		return null;
	}

	/**
	 * Finds the property with a name, or else the first one below it.
	 */
	@Nullable ConfigurationProperty findWithin(ConfigurationPropertyName name) {
		ConfigurationProperty property = find(name);
		for (int i = 0; property == null && i < this.sources.size(); i++) {
			if (this.sources.get(i) instanceof IterableConfigurationPropertySource source) {
				property = source.stream()
					.filter(name::isAncestorOf)
					.findFirst()
					.map(source::getConfigurationProperty)
					.orElse(null);
			}
		}
		return property;
	}

	/**
	 * Returns the keys of a map or the indexes of a list, as they are written.
	 */
	Set<String> children(ConfigurationPropertyName name) {
		Set<String> children = new TreeSet<>();
		int size = name.getNumberOfElements();
		for (ConfigurationPropertySource source : this.sources) {
			if (source instanceof IterableConfigurationPropertySource properties) {
				properties.stream()
					.filter(name::isAncestorOf)
					.forEach((child) -> children.add(child.getElement(size, Form.ORIGINAL)));
			}
		}
		return children;
	}

	boolean has(ConfigurationPropertyName name) {
		return this.sources.stream().anyMatch((source) -> WeirSources.has(source, name));
	}

	/**
	 * Whether a value means that a property is switched off.
	 */
	static boolean isFalse(@Nullable String value) {
		return value != null && FALSE.contains(value.strip().toLowerCase(Locale.ROOT));
	}

	/**
	 * Returns the value of a property with references resolved, without spaces around it.
	 */
	String value(ConfigurationProperty property) {
		return this.environment.resolvePlaceholders(String.valueOf(property.getValue())).strip();
	}

}
