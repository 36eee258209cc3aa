package dev.weir.config;

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
 * The properties of Spring Cloud Gateway's routes as users write them.
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
	 * Whether the user has no route, so that Weir's own counts.
	 */
	boolean areDefault() {
		ConfigurationPropertySource holder = holder(ROUTES);
		return holder != null && holder.getUnderlyingSource() instanceof PropertySource<?> source
				&& source.getName().equals(BundledSettings.DEFAULTS);
	}

	/**
	 * The entries of a list, in order.
	 * @param list the name of the list
	 * @return the name of each entry; of a list that is written on one line, one for all
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
	 * The property of a name, in the source that has the whole list it belongs to.
	 */
	@Nullable ConfigurationProperty find(ConfigurationPropertyName name) {
		ConfigurationPropertySource holder = holder(listOf(name));
		return (holder != null) ? holder.getConfigurationProperty(name) : null;
	}

	/**
	 * All properties below a name, in the order in which they are written.
	 */
	List<ConfigurationProperty> below(ConfigurationPropertyName name) {
		ConfigurationPropertySource holder = holder(listOf(name));
		return (holder != null) ? below(holder, name).toList() : List.of();
	}

	/**
	 * All properties below a name in every source.
	 */
	List<ConfigurationProperty> everywhereBelow(ConfigurationPropertyName name) {
		return this.sources.stream().flatMap((source) -> below(source, name)).toList();
	}

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

	// as Spring Boot binds a list: the first source that has an entry has them all
	private @Nullable ConfigurationPropertySource holder(ConfigurationPropertyName list) {
		return this.sources.stream()
			.filter((source) -> WeirSources.has(source, list.append("[0]"))
					|| source.getConfigurationProperty(list) != null)
			.findFirst()
			.orElse(null);
	}

}
