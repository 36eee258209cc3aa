package dev.weir.config;

import java.net.URI;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.context.properties.source.ConfigurationProperty;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.origin.Origin;
import org.springframework.core.ResolvableType;

/**
 * Collects mistakes, the first of each property, and decides which values may be shown.
 */
final class Problems {

	private static final Comparator<Found> READING_ORDER = Comparator
		.<Found, Boolean>comparing((found) -> found.file().isEmpty())
		.thenComparing(Found::file)
		.thenComparingInt(Found::line);

	private final List<Found> found = new ArrayList<>();

	private final Set<ConfigurationPropertyName> reported = new HashSet<>();

	private final WeirSources sources;

	private final Map<ConfigurationPropertyName, String> variables;

	/**
	 * Starts with none.
	 * @param sources where the properties come from
	 * @param variables the names of properties that users set under other names
	 */
	Problems(WeirSources sources, Map<ConfigurationPropertyName, String> variables) {
		this.sources = sources;
		this.variables = variables;
	}

	void report(ConfigurationPropertyName name, String mistake, String cure) {
		if (!this.reported.add(name)) {
			return;
		}
		ConfigurationProperty property = this.sources.find(name);
		Origin origin = origin(name);
		report(origin,
				new ConfigurationProblem(this.variables.getOrDefault(name, name.toString()),
						(property != null) ? shown(name, this.sources.resolve(property.getValue())) : null,
						Origins.describe(origin), mistake, cure));
	}

	/**
	 * Reports a mistake in a property that is not Weir's own.
	 * @param value the value, {@code null} if it is missing or may be a secret
	 */
	void reportOnce(ConfigurationPropertyName name, @Nullable Origin origin, @Nullable String value, String mistake,
			String cure) {
		if (this.reported.add(name)) {
			report(origin, new ConfigurationProblem(name.toString(), value, Origins.describe(origin), mistake, cure));
		}
	}

	void report(@Nullable Origin origin, ConfigurationProblem problem) {
		String file = Origins.file(origin);
		this.found.add(new Found(problem, (file != null) ? file : "", Origins.line(origin)));
	}

	/**
	 * The value of a property as users wrote it, references resolved; empty if there is
	 * none.
	 */
	String value(ConfigurationPropertyName name) {
		ConfigurationProperty property = this.sources.find(name);
		return (property != null) ? this.sources.resolve(property.getValue()).strip() : "";
	}

	boolean isEmpty() {
		return this.found.isEmpty();
	}

	/**
	 * Whether a mistake was found at a name, below it or in what stands above it, so that
	 * nothing else can be said about it.
	 */
	boolean touch(ConfigurationPropertyName name) {
		return this.reported.stream()
			.anyMatch((other) -> other.equals(name) || name.isAncestorOf(other) || other.isAncestorOf(name));
	}

	List<ConfigurationProblem> inReadingOrder() {
		return this.found.stream().sorted(READING_ORDER).map(Found::problem).toList();
	}

	private @Nullable Origin origin(ConfigurationPropertyName name) {
		ConfigurationProperty property = this.sources.findWithin(name);
		if (property == null) {
			// what is missing should stand beside its neighbours
			property = this.sources.findWithin(name.getParent());
		}
		return (property != null) ? property.getOrigin() : null;
	}

	private static @Nullable String shown(ConfigurationPropertyName name, String value) {
		ResolvableType type = SettingTree.typeOf(name);
		if (type == null || type.hasGenerics() || value.isEmpty()) {
			// a key may stand under a misspelt name or at a wrong indentation
			return null;
		}
		Class<?> raw = type.resolve(Object.class);
		if (raw == Secret.class || raw.isRecord()) {
			return null;
		}
		return (raw == URI.class) ? value.replaceAll("^(\\w+://)?.*@", "$1(hidden)@").replaceAll("[?#].*", "?(hidden)")
				: value;
	}

	private record Found(ConfigurationProblem problem, String file, int line) {
	}

}
