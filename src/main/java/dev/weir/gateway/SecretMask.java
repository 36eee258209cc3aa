package dev.weir.gateway;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * Hides values that look like secrets in the descriptions of routes, which the Actuator
 * shows. A filter may add the key of a server to its requests.
 */
final class SecretMask {

	static final String HIDDEN = "(hidden)";

	private static final String SECRET_NAME = "(?i:[\\w.-]*(?:key|token|secret|passw|credential|authorization|cookie|signature|session|sig\\b)[\\w.-]*)";

	private static final Pattern NAME = Pattern.compile(SECRET_NAME);

	// as Spring Cloud Gateway describes a filter: [AddRequestHeader X-Api-Key = 'value']
	private static final Pattern ARGUMENT = Pattern
		.compile("(" + SECRET_NAME + "\\s*(?:=|:|regexp=)\\s*)(?:'[^']*'|[^\\s,\\]}]+)");

	private static final Pattern SCHEME = Pattern.compile("(?i)\\b(Bearer|Basic)\\s+[^\\s'\",\\]}]+");

	private static final Pattern USER_INFO = Pattern.compile("//[^/@\\s]*@");

	private SecretMask() {
	}

	/**
	 * Hides secrets in a description.
	 * @param text the description of a filter, predicate or URI
	 * @return the description with {@code (hidden)} in place of secrets
	 */
	static String inText(String text) {
		String withoutArguments = ARGUMENT.matcher(text).replaceAll("$1'" + HIDDEN + "'");
		String withoutSchemes = SCHEME.matcher(withoutArguments).replaceAll("$1 " + HIDDEN);
		return USER_INFO.matcher(withoutSchemes).replaceAll("//" + HIDDEN + "@");
	}

	/**
	 * Hides the values of entries whose names look like those of secrets.
	 * @param metadata the metadata of a route
	 * @return a copy
	 */
	static Map<String, Object> inMetadata(Map<?, ?> metadata) {
		Map<String, Object> masked = new LinkedHashMap<>();
		metadata.forEach((name, value) -> masked.put(String.valueOf(name),
				isSecret(String.valueOf(name)) ? HIDDEN : (value instanceof Map<?, ?> nested) ? inMetadata(nested)
						: (value instanceof String text) ? inText(text) : value));
		return masked;
	}

	/**
	 * Hides the arguments of a filter or predicate. If one is the name of a secret, such
	 * as {@code Authorization}, the others are hidden.
	 * @param arguments the arguments by their names
	 * @return a copy
	 */
	static Map<String, String> inArguments(Map<String, String> arguments) {
		boolean named = arguments.values().stream().anyMatch(SecretMask::isSecret);
		Map<String, String> masked = new LinkedHashMap<>();
		arguments.forEach((name, value) -> masked.put(name,
				(named && !isSecret(value)) || isSecretArgument(name) ? HIDDEN : inText(value)));
		return masked;
	}

	// Spring names arguments without names _genkey_0 and so on
	private static boolean isSecretArgument(String name) {
		return isSecret(name) && !name.startsWith("_genkey_");
	}

	private static boolean isSecret(String name) {
		return NAME.matcher(name).matches();
	}

}
