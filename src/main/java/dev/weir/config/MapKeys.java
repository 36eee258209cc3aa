package dev.weir.config;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.springframework.boot.context.properties.source.ConfigurationPropertyName;

/**
 * Keys of maps. Spring Boot drops {@code /} and {@code *} from them, takes {@code gpt-4o}
 * and {@code gpt4o} for the same and a dot for a step down, unless they stand in
 * brackets; so this writes the brackets.
 */
final class MapKeys {

	private static final Pattern POOL = Pattern.compile("(?i)(weir\\.pools)\\.([^.\\[\\]]+)(.*)", Pattern.DOTALL);

	private static final Pattern MODEL = Pattern.compile("(?i)(weir\\.pools.+\\.backends\\[\\d+]\\.models)\\.(.+)",
			Pattern.DOTALL);

	private static final Pattern PLAIN = Pattern.compile("[a-z0-9]([a-z0-9-]*[a-z0-9])?");

	private MapKeys() {
	}

	/**
	 * A property's name as it stands in a file, with brackets around the keys that need
	 * them.
	 */
	static String bracket(String property) {
		Matcher model = MODEL.matcher(property);
		String name = model.matches() ? model.group(1) + "[" + model.group(2) + "]" : property;
		Matcher pool = POOL.matcher(name);
		if (pool.matches() && !PLAIN.matcher(pool.group(2)).matches()) {
			return pool.group(1) + "[" + pool.group(2) + "]" + pool.group(3);
		}
		return name;
	}

	static ConfigurationPropertyName append(ConfigurationPropertyName map, String key) {
		return map.append(PLAIN.matcher(key).matches() ? key : "[" + key + "]");
	}

}
