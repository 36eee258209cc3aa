package dev.weir.config.load;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.springframework.boot.context.properties.source.ConfigurationPropertyName;

/**
 * Writes brackets around the keys of maps in the names of properties. Without brackets
 * Spring Boot removes {@code /} and {@code *} from a key, treats {@code gpt-4o} and
 * {@code gpt4o} as equal, and splits the key at a dot.
 */
final class BracketNotation {

	private static final Pattern POOL = Pattern.compile("(?i)(weir\\.pools)\\.([^.\\[\\]]+)(.*)", Pattern.DOTALL);

	private static final Pattern MODEL = Pattern.compile("(?i)(weir\\.pools.+\\.backends\\[\\d+]\\.models)\\.(.+)",
			Pattern.DOTALL);

	private static final Pattern PLAIN = Pattern.compile("[a-z0-9]([a-z0-9-]*[a-z0-9])?");

	private BracketNotation() {
	}

	/**
	 * Adds brackets where they are needed.
	 * @param property the name of a property as it is in a file
	 * @return the name with brackets around the names of pools and models that need them
	 */
	static String addBrackets(String property) {
		Matcher model = MODEL.matcher(property);
		String name = model.matches() ? model.group(1) + "[" + model.group(2) + "]" : property;
		Matcher pool = POOL.matcher(name);
		if (pool.matches() && !PLAIN.matcher(pool.group(2)).matches()) {
			return pool.group(1) + "[" + pool.group(2) + "]" + pool.group(3);
		}
		return name;
	}

	/**
	 * Appends the key of a map to the name of the map, in brackets if needed.
	 */
	static ConfigurationPropertyName append(ConfigurationPropertyName map, String key) {
		return map.append(PLAIN.matcher(key).matches() ? key : "[" + key + "]");
	}

}
