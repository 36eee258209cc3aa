package dev.weir.config;

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
 * @param id what tells the backends apart, as it is written
 * @param suffix what it sets, in upper case
 * @param value its value
 * @param origin where it is set, if that is known
 */
record BackendVariable(String name, String id, String suffix, String value, @Nullable Origin origin) {

	/** The suffixes and the properties of a backend they stand for. */
	static final Map<String, String> PROPERTIES = Map.of("URL", "url", "PRIORITY", "priority", "APIKEY", "api-key",
			"DEPLOYMENT_NAME", "models[*]", "NAME", "name", "MODELS", "models", "DIALECT", "dialect");

	/** Other programs have variables such as BACKEND_APP_NAME, too. */
	static final Set<String> COMMON_WORDS = Set.of("NAME", "MODELS", "DIALECT");

	private static final Pattern NAME = Pattern.compile("(?i)BACKEND_([^_]+)_(.+)");

	// Kubernetes sets these for a service called backend-1
	private static final Pattern OF_A_SERVICE = Pattern.compile("SERVICE_.+|PORT(_.+)?");

	static @Nullable BackendVariable of(String name, String value, @Nullable Origin origin) {
		Matcher matcher = NAME.matcher(name);
		if (!matcher.matches() || value.isBlank()) {
			return null;
		}
		String suffix = matcher.group(2).toUpperCase(Locale.ROOT);
		return OF_A_SERVICE.matcher(suffix).matches() ? null
				: new BackendVariable(name, matcher.group(1), suffix, value.strip(), origin);
	}

	boolean isKnown() {
		return PROPERTIES.containsKey(this.suffix);
	}

	/**
	 * Whether it alone tells that there is a backend.
	 */
	boolean announcesBackend() {
		return isKnown() && !COMMON_WORDS.contains(this.suffix);
	}

	/**
	 * The properties it sets.
	 * @return values by the name of the property, relative to the backend; none if the
	 * variable is unknown, or the value is no list of models where it should be one
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
		ModelPairs.read(this.value)
			.orElse(Map.of())
			.forEach((model, deployment) -> models.put(property + "[" + model + "]", deployment));
		return models;
	}

	String backend() {
		return "BACKEND_" + this.id;
	}

}
