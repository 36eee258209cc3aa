package dev.weir.config.load;

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

import dev.weir.config.Secret;

/**
 * Collects mistakes, at most one for each property, and decides which values are shown.
 */
final class ProblemCollector {

	private static final Comparator<Found> READING_ORDER = Comparator
		.<Found, Boolean>comparing((found) -> found.file().isEmpty())
		.thenComparing(Found::file)
		.thenComparingInt(Found::line);

	private final List<Found> found = new ArrayList<>();

	private final Set<ConfigurationPropertyName> reported = new HashSet<>();

	private final WeirSources sources;

	private final Map<ConfigurationPropertyName, String> variables;

	/**
	 * Creates an empty collector.
	 * @param sources the sources of the properties
	 * @param variables the environment variables that set properties, by the names of
	 * these properties
	 */
	ProblemCollector(WeirSources sources, Map<ConfigurationPropertyName, String> variables) {
		this.sources = sources;
		this.variables = variables;
	}

	/**
	 * Reports a mistake in a property of Weir, with its value and its origin.
	 */
	void report(ConfigurationPropertyName name, String mistake, String cure) {
		if (!this.reported.add(name)) {
			return;
		}
		ConfigurationProperty property = this.sources.find(name);
		Origin origin = origin(name);
		report(origin,
				new ConfigurationProblem(this.variables.getOrDefault(name, name.toString()),
						(property != null) ? shown(name, this.sources.resolve(property.getValue())) : null,
						OriginDescriber.describe(origin), mistake, cure));
	}

	/**
	 * Reports that a property is written without a value.
	 */
	void reportEmpty(ConfigurationPropertyName name, String cure) {
		Origin origin = this.sources.emptyBranch(name);
		reportOnce(name, (origin != null) ? origin : origin(name), null, "is present, but empty", cure);
	}

	/**
	 * Reports a mistake in a property that is not below {@code weir}.
	 * @param name the name of the property
	 * @param origin where it is set, {@code null} if unknown
	 * @param value the value, {@code null} if it is missing or may be a secret
	 * @param mistake the mistake
	 * @param cure the correction
	 */
	void reportOnce(ConfigurationPropertyName name, @Nullable Origin origin, @Nullable String value, String mistake,
			String cure) {
		if (this.reported.add(name)) {
			report(origin,
					new ConfigurationProblem(name.toString(), value, OriginDescriber.describe(origin), mistake, cure));
		}
	}

	/**
	 * Reports a mistake even if one was reported for the same property.
	 */
	void report(@Nullable Origin origin, ConfigurationProblem problem) {
		String file = OriginDescriber.file(origin);
		this.found.add(new Found(problem, (file != null) ? file : "", OriginDescriber.line(origin)));
	}

	/**
	 * Returns the value of a property as it is written, with references resolved; empty
	 * if it is not set.
	 */
	String value(ConfigurationPropertyName name) {
		ConfigurationProperty property = this.sources.find(name);
		return (property != null) ? this.sources.resolve(property.getValue()).strip() : "";
	}

	/**
	 * Whether a property, or one below it, is written, with a value or without.
	 */
	boolean isWritten(ConfigurationPropertyName name) {
		return this.sources.isWritten(name);
	}

	/**
	 * Returns the name of the entry of a list that has a value; that of the list if it is
	 * written on one line, separated by commas.
	 */
	ConfigurationPropertyName entry(ConfigurationPropertyName list, String value) {
		for (int i = 0; this.sources.find(list.append("[" + i + "]")) != null; i++) {
			ConfigurationPropertyName entry = list.append("[" + i + "]");
			if (value(entry).equals(value)) {
				return entry;
			}
		}
		return list;
	}

	boolean isEmpty() {
		return this.found.isEmpty();
	}

	/**
	 * Whether a mistake was reported for the property itself, for a property below it or
	 * for one above it. Another mistake would only follow from that one.
	 */
	boolean isReportedNear(ConfigurationPropertyName name) {
		return this.reported.stream()
			.anyMatch((other) -> other.equals(name) || name.isAncestorOf(other) || other.isAncestorOf(name));
	}

	List<ConfigurationProblem> inReadingOrder() {
		return this.found.stream().sorted(READING_ORDER).map(Found::problem).toList();
	}

	private @Nullable Origin origin(ConfigurationPropertyName name) {
		ConfigurationProperty property = this.sources.findWithin(name);
		if (property == null) {
			// a missing property is listed at the position of its siblings
			property = this.sources.findWithin(name.getParent());
		}
		return (property != null) ? property.getOrigin() : null;
	}

	private static @Nullable String shown(ConfigurationPropertyName name, String value) {
		ResolvableType type = SettingTree.typeOf(name);
		if (type == null || type.hasGenerics() || value.isEmpty()) {
			// the value may be a key under a misspelt name or with a wrong indentation
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
