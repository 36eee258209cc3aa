package dev.weir.config.load;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.origin.Origin;

/**
 * One variable {@code BACKEND_<id>_<suffix>}.
 *
 * @param name its name as it is written
 * @param id the identifier of the backend, as it is written
 * @param suffix the part of the name after the id, in upper case
 * @param value its value
 * @param origin where it is set, {@code null} if unknown
 */
record BackendVariable(String name, String id, String suffix, String value, @Nullable Origin origin) {

	/** The suffixes and the properties of a backend that they set. */
	static final Map<String, String> PROPERTIES = Map.of("URL", "url", "PRIORITY", "priority", "APIKEY", "api-key",
			"DEPLOYMENT_NAME", "models[*]", "NAME", "name", "MODELS", "models", "DIALECT", "dialect");

	/** Suffixes of variables that other programs use as well: BACKEND_APP_NAME. */
	static final Set<String> AMBIGUOUS_SUFFIXES = Set.of("NAME", "MODELS", "DIALECT");

	private static final Pattern NAME = Pattern.compile("(?i)BACKEND_([^_]+)_(.+)");

	// Kubernetes sets these variables for a service with the name backend-1
	private static final Pattern KUBERNETES_SUFFIX = Pattern.compile("SERVICE_.+|PORT(_.+)?");

	static @Nullable BackendVariable of(String name, String value, @Nullable Origin origin) {
		Matcher matcher = NAME.matcher(name);
		if (!matcher.matches() || value.isBlank()) {
			return null;
		}
		String suffix = matcher.group(2).toUpperCase(Locale.ROOT);
		return KUBERNETES_SUFFIX.matcher(suffix).matches() ? null
				: new BackendVariable(name, matcher.group(1), suffix, value.strip(), origin);
	}

	boolean isKnown() {
		return PROPERTIES.containsKey(this.suffix);
	}

	/**
	 * Whether this variable alone proves that the user defines a backend.
	 */
	boolean definesBackend() {
		return isKnown() && !AMBIGUOUS_SUFFIXES.contains(this.suffix);
	}

	/**
	 * Returns the properties that the variable sets.
	 * @return the values by the name of the property, relative to the backend; empty if
	 * the variable is unknown or its list of models is invalid
	 */
	Map<String, String> properties() {
		String property = PROPERTIES.get(this.suffix);
		if (property == null) {
			return Map.of();
		}
		if (!this.suffix.equals("MODELS")) {
			return Map.of(property, this.value);
		}
		Map<String, String> models = new LinkedHashMap<>();
		ModelListParser.parse(this.value)
			.orElse(Map.of())
			.forEach((model, deployment) -> models.put(property + "[" + model + "]", deployment));
		return models;
	}

	/** The beginning of the variable's name, {@code BACKEND_1} for instance. */
	String backend() {
		return "BACKEND_" + this.id;
	}

}
