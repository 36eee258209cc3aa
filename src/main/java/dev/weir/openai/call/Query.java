package dev.weir.openai.call;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

import org.jspecify.annotations.Nullable;

import org.springframework.web.util.UriUtils;

/**
 * The parameters of a query, with their original encoding. Names are compared decoded and
 * without regard to case, so that every spelling of {@code api-key} is found.
 *
 * @param parameters the parameters, {@code name=value} or {@code name}
 */
public record Query(List<String> parameters) {

	private static final Query EMPTY = new Query(List.of());

	/**
	 * Splits a query.
	 * @param query the raw query, or {@code null}
	 * @return its parameters
	 */
	public static Query of(@Nullable String query) {
		if (query == null || query.isEmpty()) {
			return EMPTY;
		}
		List<String> parameters = new ArrayList<>();
		for (int begin = 0; begin < query.length();) {
			int end = query.indexOf('&', begin);
			end = (end >= 0) ? end : query.length();
			if (end > begin) {
				parameters.add(query.substring(begin, end));
			}
			begin = end + 1;
		}
		return new Query(parameters);
	}

	/**
	 * Whether a query may have a parameter. This is cheap: nothing is split or decoded.
	 * @param query the raw query, or {@code null}
	 * @param name the parameter's name, decoded, letters and hyphens only
	 * @return {@code false} if the query certainly has no such parameter
	 */
	public static boolean mayHave(@Nullable String query, String name) {
		if (query == null) {
			return false;
		}
		for (int i = 0; i < query.length(); i++) {
			// an escape may encode a letter of the name
			if (query.charAt(i) == '%' || query.regionMatches(true, i, name, 0, name.length())) {
				return true;
			}
		}
		return false;
	}

	/**
	 * Whether there is a parameter.
	 * @param name its name, decoded
	 * @return whether there is one of that name
	 */
	public boolean has(String name) {
		for (String parameter : this.parameters) {
			if (isNamed(parameter, name)) {
				return true;
			}
		}
		return false;
	}

	/**
	 * Removes a parameter.
	 * @param name its name, decoded
	 * @return the other parameters
	 */
	public Query without(String name) {
		return without(name, (value) -> true);
	}

	/**
	 * Removes the parameters with a name and an unwanted value.
	 * @param name the name, decoded
	 * @param unwanted whether a value, decoded, is unwanted
	 * @return the other parameters
	 */
	Query without(String name, Predicate<String> unwanted) {
		if (!has(name)) {
			return this;
		}
		List<String> others = new ArrayList<>(this.parameters);
		others.removeIf((parameter) -> isNamed(parameter, name) && unwanted.test(valueOf(parameter)));
		return new Query(others);
	}

	/**
	 * The values of a parameter.
	 * @param name its name, decoded
	 * @return the values, decoded; empty for a parameter without a value
	 */
	public List<String> values(String name) {
		List<String> values = new ArrayList<>();
		for (String parameter : this.parameters) {
			if (isNamed(parameter, name)) {
				values.add(valueOf(parameter));
			}
		}
		return values;
	}

	/**
	 * Adds a parameter.
	 * @param name its name, letters and hyphens only
	 * @param value its value, which is encoded
	 * @return all parameters
	 */
	public Query with(String name, String value) {
		List<String> all = new ArrayList<>(this.parameters);
		all.add(name + "=" + encode(value));
		return new Query(all);
	}

	/**
	 * Keeps one parameter.
	 * @param name its name, decoded
	 * @return the parameters of that name
	 */
	public Query only(String name) {
		return new Query(this.parameters.stream().filter((parameter) -> isNamed(parameter, name)).toList());
	}

	/**
	 * Encodes a value, so that it is one value of a query or one segment of a path.
	 * @param value the value
	 * @return letters, digits, a few signs and percent escapes
	 */
	public static String encode(String value) {
		return UriUtils.encode(value, StandardCharsets.UTF_8);
	}

	String appendTo(String path) {
		return this.parameters.isEmpty() ? path : path + "?" + this;
	}

	private static boolean isNamed(String parameter, String name) {
		int equals = parameter.indexOf('=');
		String raw = (equals >= 0) ? parameter.substring(0, equals) : parameter;
		return decoded(raw).equalsIgnoreCase(name);
	}

	private static String valueOf(String parameter) {
		int equals = parameter.indexOf('=');
		return (equals >= 0) ? decoded(parameter.substring(equals + 1)) : "";
	}

	private static String decoded(String text) {
		try {
			return UriUtils.decode(text, StandardCharsets.UTF_8);
		}
		catch (IllegalArgumentException ex) {
			return text;
		}
	}

	@Override
	public String toString() {
		return String.join("&", this.parameters);
	}

}
