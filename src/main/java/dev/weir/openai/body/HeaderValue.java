package dev.weir.openai.body;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

import org.jspecify.annotations.Nullable;

import dev.weir.openai.error.MalformedRequestException;

/**
 * A header value of the form {@code type; name=token; name="quoted string"}, as in
 * {@code Content-Type} and {@code Content-Disposition} (RFC 9110, section 5.6.6, and RFC
 * 2183, section 2).
 *
 * @param type the text before the first semicolon, in lower case
 * @param parameters the parameters by their names in lower case, values as sent
 */
record HeaderValue(String type, Map<String, String> parameters) {

	/**
	 * Returns the text before the parameters, which need not be valid.
	 * @param header the header's value
	 * @return the type in lower case, possibly empty
	 */
	static String typeOf(String header) {
		int semicolon = header.indexOf(';');
		return ((semicolon < 0) ? header : header.substring(0, semicolon)).strip().toLowerCase(Locale.ROOT);
	}

	/**
	 * Reads a header's value.
	 * @param header the header's value
	 * @return the value's parts
	 * @throws MalformedRequestException if the parameters are not valid, or a parameter
	 * occurs twice
	 */
	static HeaderValue parse(String header) {
		Map<String, String> parameters = new HashMap<>();
		int at = end(header, 0, ';');
		while (at < header.length()) {
			int next = end(header, at + 1, ';');
			String parameter = header.substring(at + 1, next).strip();
			if (!parameter.isEmpty()) {
				int equals = parameter.indexOf('=');
				String name = (equals < 0) ? "" : parameter.substring(0, equals).strip().toLowerCase(Locale.ROOT);
				if (name.isEmpty() || parameters.put(name, unquoted(parameter.substring(equals + 1).strip())) != null) {
					throw malformed();
				}
			}
			at = next;
		}
		return new HeaderValue(typeOf(header), Map.copyOf(parameters));
	}

	@Nullable String parameter(String name) {
		return this.parameters.get(name);
	}

	/** Finds the first occurrence outside quotes, else the end. */
	private static int end(String text, int from, char wanted) {
		boolean quoted = false;
		for (int i = from; i < text.length(); i++) {
			char c = text.charAt(i);
			if (quoted && c == '\\') {
				i++;
			}
			else if (c == '"') {
				quoted = !quoted;
			}
			else if (!quoted && c == wanted) {
				return i;
			}
		}
		if (quoted) {
			throw malformed();
		}
		return text.length();
	}

	private static String unquoted(String value) {
		if (!value.startsWith("\"")) {
			if (value.isEmpty() || value.indexOf('"') >= 0) {
				throw malformed();
			}
			return value;
		}
		StringBuilder text = new StringBuilder(value.length());
		int i = 1;
		for (; i < value.length() && value.charAt(i) != '"'; i++) {
			if (value.charAt(i) == '\\' && i + 1 < value.length()) {
				i++;
			}
			text.append(value.charAt(i));
		}
		if (i != value.length() - 1) {
			throw malformed();
		}
		return text.toString();
	}

	private static MalformedRequestException malformed() {
		return new MalformedRequestException("The parameters of a Content-Type or Content-Disposition are malformed");
	}

}
