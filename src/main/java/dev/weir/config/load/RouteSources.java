package dev.weir.config.load;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.context.properties.source.ConfigurationProperty;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.context.properties.source.ConfigurationPropertySource;
import org.springframework.boot.context.properties.source.ConfigurationPropertySources;
import org.springframework.boot.context.properties.source.IterableConfigurationPropertySource;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.PropertySource;

/**
 * The sources of Spring Cloud Gateway's properties, with the routes as they are written.
 */
final class RouteSources {

	static final ConfigurationPropertyName GATEWAY = ConfigurationPropertyName
		.of("spring.cloud.gateway.server.webflux");

	static final ConfigurationPropertyName ROUTES = GATEWAY.append("routes");

	static final ConfigurationPropertyName DEFAULT_FILTERS = GATEWAY.append("default-filters");

	private final List<ConfigurationPropertySource> sources = new ArrayList<>();

	private final ConfigurableEnvironment environment;

	RouteSources(ConfigurableEnvironment environment) {
		this.environment = environment;
		ConfigurationPropertySources.from(environment.getPropertySources()).forEach(this.sources::add);
	}

	/**
	 * Whether the user has no route, so that Weir's default route is used.
	 */
	boolean areDefault() {
		ConfigurationPropertySource holder = holder(ROUTES);
		return holder != null && holder.getUnderlyingSource() instanceof PropertySource<?> source
				&& source.getName().equals(BundledSettingsPostProcessor.DEFAULTS);
	}

	/**
	 * Returns the names of the entries of a list, in order.
	 * @param list the name of the list
	 * @return the names of the entries; only the name of the list itself if it is written
	 * as one comma-separated value
	 */
	List<ConfigurationPropertyName> entries(ConfigurationPropertyName list) {
		List<ConfigurationPropertyName> entries = new ArrayList<>();
		ConfigurationPropertySource holder = holder(list);
		if (holder == null) {
			return entries;
		}
		for (int i = 0; WeirSources.has(holder, list.append("[" + i + "]")); i++) {
			entries.add(list.append("[" + i + "]"));
		}
		if (entries.isEmpty() && holder.getConfigurationProperty(list) != null) {
			entries.add(list);
		}
		return entries;
	}

	/**
	 * Returns a property from the source that contains the list it belongs to.
	 */
	@Nullable ConfigurationProperty find(ConfigurationPropertyName name) {
		ConfigurationPropertySource holder = holder(listOf(name));
		return (holder != null) ? holder.getConfigurationProperty(name) : null;
	}

	/**
	 * Returns the properties below a name, in the order in which they are written, from
	 * the source that contains the list they belong to.
	 */
	List<ConfigurationProperty> below(ConfigurationPropertyName name) {
		ConfigurationPropertySource holder = holder(listOf(name));
		return (holder != null) ? below(holder, name).toList() : List.of();
	}

	/**
	 * Returns the properties below a name from all sources.
	 */
	List<ConfigurationProperty> everywhereBelow(ConfigurationPropertyName name) {
		return this.sources.stream().flatMap((source) -> below(source, name)).toList();
	}

	/**
	 * Returns the value of a property, with references resolved and without white space
	 * around it.
	 */
	String value(ConfigurationProperty property) {
		return this.environment.resolvePlaceholders(property.getValue().toString()).strip();
	}

	private static Stream<ConfigurationProperty> below(ConfigurationPropertySource source,
			ConfigurationPropertyName name) {
		if (!(source instanceof IterableConfigurationPropertySource iterable)) {
			return Stream.empty();
		}
		return iterable.stream()
			.filter(name::isAncestorOf)
			.map(iterable::getConfigurationProperty)
			.filter((property) -> property != null);
	}

	private static ConfigurationPropertyName listOf(ConfigurationPropertyName name) {
		for (int i = 1; i < name.getNumberOfElements(); i++) {
			if (name.isNumericIndex(i)) {
				return name.chop(i);
			}
		}
		return name;
	}

	// Spring Boot takes a list from the first source that contains it, not from several
	private @Nullable ConfigurationPropertySource holder(ConfigurationPropertyName list) {
		return this.sources.stream()
			.filter((source) -> WeirSources.has(source, list.append("[0]"))
					|| source.getConfigurationProperty(list) != null)
			.findFirst()
			.orElse(null);
	}

}
