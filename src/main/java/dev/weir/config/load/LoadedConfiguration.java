package dev.weir.config.load;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;

import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.context.properties.source.ConfigurationPropertySource;
import org.springframework.boot.context.properties.source.ConfigurationPropertySources;
import org.springframework.boot.context.properties.source.IterableConfigurationPropertySource;
import org.springframework.cloud.gateway.config.GatewayProperties;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.PropertySource;

import dev.weir.config.WeirProperties;

/**
 * A complete configuration that was read from the files and is valid.
 *
 * @param environment all properties
 * @param properties everything below {@code weir}
 * @param gateway the routes and default filters; the other settings of the gateway are
 * those of the start
 */
public record LoadedConfiguration(ConfigurableEnvironment environment, WeirProperties properties,
		GatewayProperties gateway) {

	private static final List<ConfigurationPropertyName> LIVE = List.of(SettingTree.ROOT, RouteSources.ROUTES,
			RouteSources.DEFAULT_FILTERS, ConfigurationPropertyName.of("resilience4j.circuitbreaker"),
			ConfigurationPropertyName.of("spring.config"), ConfigurationPropertyName.of("spring.profiles"));

	// other names are a user's own, which settings refer to
	private static final List<ConfigurationPropertyName> READ_AT_START = Stream
		.of("spring", "server", "management", "logging", "resilience4j", "weir", "debug", "trace")
		.map(ConfigurationPropertyName::of)
		.toList();

	/** Below {@code weir}, but read at a start only. */
	private static final List<ConfigurationPropertyName> AT_START = Stream
		.of("weir.simulator", "weir.state", "weir.redis")
		.map(ConfigurationPropertyName::of)
		.toList();

	/**
	 * Binds properties to an object.
	 * @param <T> the type of the object
	 * @param prefix the name that the properties are below
	 * @param type the type of the object
	 * @return the object
	 * @throws org.springframework.boot.context.properties.bind.BindException if a value
	 * does not fit
	 */
	public <T> T bind(String prefix, Class<T> type) {
		return Binder.get(this.environment).bindOrCreate(prefix, Bindable.of(type));
	}

	/**
	 * The properties below a name.
	 * @param prefix the name
	 * @return the values by the names of the properties; a secret is not hidden
	 */
	public Map<String, String> below(String prefix) {
		ConfigurationPropertyName root = ConfigurationPropertyName.of(prefix);
		Map<String, String> values = new TreeMap<>();
		for (ConfigurationPropertySource source : ConfigurationPropertySources.get(this.environment)) {
			if (source instanceof IterableConfigurationPropertySource properties) {
				properties.stream()
					.filter(root::isAncestorOf)
					.forEach((name) -> values.putIfAbsent(name.toString(), value(properties, name)));
			}
		}
		return values;
	}

	/**
	 * The properties in files that differ from another configuration.
	 * @param other the other configuration
	 * @return the names of the properties
	 */
	public SortedSet<String> changedSince(LoadedConfiguration other) {
		Map<String, String> before = other.fileProperties();
		Map<String, String> now = fileProperties();
		SortedSet<String> names = new TreeSet<>(before.keySet());
		names.addAll(now.keySet());
		names.removeIf((name) -> Objects.equals(before.get(name), now.get(name)));
		return names;
	}

	/**
	 * The properties among {@link #changedSince} that take effect only at a start, such
	 * as ports.
	 * @param other the other configuration
	 * @return the names of the properties
	 */
	public SortedSet<String> restartNeededSince(LoadedConfiguration other) {
		SortedSet<String> names = changedSince(other);
		names.removeIf(LoadedConfiguration::isLive);
		return names;
	}

	private static boolean isLive(String name) {
		ConfigurationPropertyName property = ConfigurationPropertyName.of(name);
		return AT_START.stream().noneMatch((root) -> root.equals(property) || root.isAncestorOf(property))
				&& (LIVE.stream().anyMatch((root) -> root.equals(property) || root.isAncestorOf(property))
						|| READ_AT_START.stream().noneMatch((root) -> root.isAncestorOf(property)));
	}

	private Map<String, String> fileProperties() {
		Map<String, String> values = new TreeMap<>();
		for (PropertySource<?> source : this.environment.getPropertySources()) {
			if (FreshEnvironment.isFile(source) && ConfigurationPropertySource
				.from(source) instanceof IterableConfigurationPropertySource properties) {
				properties.stream().forEach((name) -> values.putIfAbsent(name.toString(), value(properties, name)));
			}
		}
		return values;
	}

	// as written: a reference to a random value or to itself has no value to compare
	private static String value(ConfigurationPropertySource source, ConfigurationPropertyName name) {
		return String.valueOf(Objects.requireNonNull(source.getConfigurationProperty(name)).getValue());
	}

	/**
	 * The warnings about settings that are valid but probably a mistake.
	 * @return a sentence for each
	 */
	public List<String> warnings() {
		return ConfigurationLinter.lint(this.environment, this.properties)
			.stream()
			.map((warning) -> warning + ". " + warning.cure())
			.toList();
	}

}
