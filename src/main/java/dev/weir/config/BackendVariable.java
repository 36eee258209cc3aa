package dev.weir.config;

import java.util.Locale;
import java.util.Map;
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
			"DEPLOYMENT_NAME", "models[*]");

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

	String backend() {
		return "BACKEND_" + this.id;
	}

}
