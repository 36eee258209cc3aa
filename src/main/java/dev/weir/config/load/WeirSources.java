package dev.weir.config.load;

import java.net.URI;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

import org.jspecify.annotations.Nullable;

import org.springframework.beans.propertyeditors.URIEditor;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.bind.PlaceholdersResolver;
import org.springframework.boot.context.properties.bind.PropertySourcesPlaceholdersResolver;
import org.springframework.boot.context.properties.source.ConfigurationProperty;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.context.properties.source.ConfigurationPropertySource;
import org.springframework.boot.context.properties.source.ConfigurationPropertySources;
import org.springframework.boot.context.properties.source.ConfigurationPropertyState;
import org.springframework.boot.context.properties.source.IterableConfigurationPropertySource;
import org.springframework.boot.env.OriginTrackedMapPropertySource;
import org.springframework.boot.origin.Origin;
import org.springframework.boot.origin.OriginLookup;
import org.springframework.boot.origin.OriginTrackedValue;
import org.springframework.boot.origin.PropertySourceOrigin;
import org.springframework.core.ResolvableType;
import org.springframework.core.convert.ConversionService;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.EnumerablePropertySource;
import org.springframework.core.env.PropertySource;
import org.springframework.core.env.SystemEnvironmentPropertySource;

/**
 * The sources of the properties below {@code weir}.
 */
final class WeirSources {

	private final List<ConfigurationPropertySource> sources;

	/** Lists, maps and objects without a value, by the view that leaves them out. */
	private final Map<Object, Map<ConfigurationPropertyName, Origin>> emptyBranches;

	private final PlaceholdersResolver placeholders;

	private WeirSources(List<ConfigurationPropertySource> sources,
			Map<Object, Map<ConfigurationPropertyName, Origin>> emptyBranches, PlaceholdersResolver placeholders) {
		this.sources = sources;
		this.emptyBranches = emptyBranches;
		this.placeholders = placeholders;
	}

	static WeirSources of(ConfigurableEnvironment environment) {
		List<PropertySource<?>> views = new ArrayList<>();
		Map<Object, Map<ConfigurationPropertyName, Origin>> emptyBranches = new IdentityHashMap<>();
		environment.getPropertySources().forEach((source) -> views.add(view(source, emptyBranches)));
		List<ConfigurationPropertySource> sources = new ArrayList<>();
		ConfigurationPropertySources.from(views).forEach(sources::add);
		return new WeirSources(sources, emptyBranches, new PropertySourcesPlaceholdersResolver(environment));
	}

	/**
	 * Returns the same sources and one with the highest precedence.
	 */
	WeirSources withFirst(PropertySource<?> source) {
		List<ConfigurationPropertySource> all = new ArrayList<>();
		all.add(Objects.requireNonNull(ConfigurationPropertySource.from(source)));
		all.addAll(this.sources);
		return new WeirSources(all, this.emptyBranches, this.placeholders);
	}

	Binder binder() {
		// Spring's default editor encodes %20 again, to %2520
		return new Binder(this.sources, this.placeholders, (ConversionService) null,
				(editors) -> editors.registerCustomEditor(URI.class, new URIEditor(false)));
	}

	/**
	 * Returns the names of all properties that are written in any source except the
	 * environment: a platform sets variables there that begin with the name of a service,
	 * {@code WEIR_PORT} for instance.
	 */
	Stream<ConfigurationPropertyName> names() {
		return this.sources.stream()
			.filter((source) -> !(source.getUnderlyingSource() instanceof SystemEnvironmentPropertySource))
			.filter(IterableConfigurationPropertySource.class::isInstance)
			.flatMap((source) -> StreamSupport.stream(((IterableConfigurationPropertySource) source).spliterator(),
					false))
			.filter(SettingTree.ROOT::isAncestorOf);
	}

	@Nullable ConfigurationProperty find(ConfigurationPropertyName name) {
		return holders(name).map((source) -> source.getConfigurationProperty(name))
			.filter(Objects::nonNull)
			.findFirst()
			.orElse(null);
	}

	/**
	 * Returns the first property with the name or below it.
	 */
	@Nullable ConfigurationProperty findWithin(ConfigurationPropertyName name) {
		ConfigurationProperty property = find(name);
		return (property != null) ? property
				: holders(name).filter(IterableConfigurationPropertySource.class::isInstance)
					.flatMap((source) -> ((IterableConfigurationPropertySource) source).stream()
						.filter(name::isAncestorOf)
						.map(source::getConfigurationProperty))
					.filter(Objects::nonNull)
					.findFirst()
					.orElse(null);
	}

	/**
	 * Whether a property, or one below it, is written, with a value or without.
	 */
	boolean isWritten(ConfigurationPropertyName name) {
		return holders(name).anyMatch((source) -> has(source, name)) || emptyBranch(name) != null;
	}

	/**
	 * Whether a single value is written without a text, or only with references that are
	 * empty.
	 */
	boolean isBlank(ConfigurationPropertyName name) {
		ConfigurationProperty property = find(name);
		return property != null && resolve(property.getValue()).isBlank();
	}

	/**
	 * Returns where a list, map or object without a value is written, {@code null} if
	 * there is none with the name.
	 */
	@Nullable Origin emptyBranch(ConfigurationPropertyName name) {
		return holders(name).map((source) -> this.emptyBranches.getOrDefault(source.getUnderlyingSource(), Map.of()))
			.map((branches) -> branches.get(name))
			.filter(Objects::nonNull)
			.findFirst()
			.orElse(null);
	}

	/**
	 * Returns all lists, maps and objects without a value, and where they are written.
	 */
	Stream<Map.Entry<ConfigurationPropertyName, Origin>> emptyBranches() {
		return this.emptyBranches.values().stream().flatMap((branches) -> branches.entrySet().stream());
	}

	/**
	 * Returns the lists, maps and objects without a value below a name that are written
	 * in the same source as a property with a value below it.
	 */
	Stream<ConfigurationPropertyName> emptyBranchesBeside(ConfigurationPropertyName name) {
		return this.sources.stream()
			.filter((source) -> has(source, name))
			.flatMap((source) -> this.emptyBranches.getOrDefault(source.getUnderlyingSource(), Map.of())
				.keySet()
				.stream()
				.filter(name::isAncestorOf));
	}

	// Spring Boot takes a list from the first source that contains it, not from several
	private Stream<ConfigurationPropertySource> holders(ConfigurationPropertyName name) {
		for (int i = 1; i < name.getNumberOfElements(); i++) {
			if (name.isNumericIndex(i)) {
				ConfigurationPropertyName first = name.chop(i).append("[0]");
				return this.sources.stream().filter((source) -> has(source, first)).limit(1);
			}
		}
		return this.sources.stream();
	}

	/**
	 * Whether a source has a property with the name or below it.
	 */
	static boolean has(ConfigurationPropertySource source, ConfigurationPropertyName name) {
		return source.getConfigurationProperty(name) != null
				|| source.containsDescendantOf(name) == ConfigurationPropertyState.PRESENT;
	}

	String resolve(Object value) {
		return String.valueOf(this.placeholders.resolvePlaceholders(value));
	}

	/**
	 * Returns the properties of a source with brackets around the keys of maps.
	 */
	private static PropertySource<?> view(PropertySource<?> source,
			Map<Object, Map<ConfigurationPropertyName, Origin>> emptyBranches) {
		if (!(source instanceof EnumerablePropertySource<?> readable)
				|| source instanceof SystemEnvironmentPropertySource) {
			return source;
		}
		Map<String, Object> values = new LinkedHashMap<>();
		Map<ConfigurationPropertyName, Origin> empty = new HashMap<>();
		for (String name : readable.getPropertyNames()) {
			Object value = name.regionMatches(true, 0, "weir", 0, 4) ? readable.getProperty(name) : null;
			String property = BracketNotation.addBrackets(name);
			if (value != null && isEmptyBranch(property, value)) {
				empty.put(ConfigurationPropertyName.adapt(property, '.'), PropertySourceOrigin.get(source, name));
			}
			else if (value != null) {
				values.put(property, OriginTrackedValue.of(value, OriginLookup.getOrigin(source, name)));
			}
		}
		// Spring Boot compares all names of a mutable source at each access
		PropertySource<?> view = new OriginTrackedMapPropertySource(source.getName(),
				Collections.unmodifiableMap(values), true);
		emptyBranches.put(view, empty);
		return view;
	}

	// in YAML, 'models:' without a value arrives as an empty text
	private static boolean isEmptyBranch(String property, Object value) {
		if (!value.toString().isEmpty()) {
			return false;
		}
		ResolvableType type = SettingTree.typeOf(ConfigurationPropertyName.adapt(property, '.'));
		return type != null && (type.hasGenerics() || type.resolve(Object.class).isRecord());
	}

}
