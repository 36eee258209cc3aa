package dev.weir.openai.call;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

import org.jspecify.annotations.Nullable;

import dev.weir.openai.error.ApiError;
import dev.weir.openai.error.ApiErrorException;

/**
 * Normalizes and checks request paths, so that the router, Weir and the backend see the
 * same resource. Equivalent paths get one form; ambiguous paths are refused.
 */
public final class SafePath {

	/** The longest path that may pass, in characters. */
	private static final int MAX_LENGTH = 2048;

	/** RFC 3986, section 3.3, without the semicolon, at which some servers cut paths. */
	private static final String ALLOWED = "-._~!$&'()*+,=:@/%";

	private static final String ENCODED_SLASH = "%2F";

	private static final String MISPLACED_SLASH = "The path has an encoded slash, which only the name of a model may have";

	private SafePath() {
	}

	/**
	 * Normalizes a path. Empty segments are removed; unnecessary escapes are decoded; all
	 * others get upper-case digits (RFC 3986, section 6.2.2). An encoded slash stays, but
	 * is allowed only after {@code /models/} or {@code /deployments/}, in the name of a
	 * model.
	 * @param rawPath the raw path, without the query
	 * @return the normalized path; the same object if nothing changed
	 * @throws ApiErrorException with status 400 if the path has dot segments,
	 * backslashes, semicolons or control characters, raw or percent-encoded; escapes that
	 * are incomplete, that decode to another escape or to no UTF-8; characters which RFC
	 * 3986 wants encoded; an encoded slash elsewhere; no slash at its start; or more than
	 * 2,048 characters
	 */
	public static String of(String rawPath) {
		String problem = problemWith(rawPath);
		if (problem != null) {
			throw refused(problem);
		}
		String path = normalized(rawPath);
		int slash = path.indexOf(ENCODED_SLASH);
		if (slash >= 0) {
			String before = path.substring(0, slash);
			if (!before.contains("/models/") && !before.contains("/deployments/")) {
				throw refused(MISPLACED_SLASH);
			}
		}
		return path;
	}

	/**
	 * Refuses an encoded slash where no model stands, or where servers could see
	 * different operations.
	 * @return the exception, with status 400
	 */
	static ApiErrorException misplacedSlash() {
		return refused(MISPLACED_SLASH);
	}

	private static ApiErrorException refused(String problem) {
		return new ApiErrorException(new ApiError(400, problem + ".", "invalid_request_error", null, "invalid_path"));
	}

	private static String normalized(String path) {
		if (path.indexOf('%') < 0 && !path.contains("//")) {
			return path;
		}
		StringBuilder normal = new StringBuilder(path.length());
		for (int i = 0; i < path.length(); i++) {
			char c = path.charAt(i);
			if (c == '%') {
				int value = escapeAt(path, i);
				if (isAlphanumeric((char) value) || "-._~".indexOf(value) >= 0) {
					normal.append((char) value);
				}
				else {
					normal.append('%').append(upper(path.charAt(i + 1))).append(upper(path.charAt(i + 2)));
				}
				i += 2;
			}
			else if (c != '/' || normal.isEmpty() || normal.charAt(normal.length() - 1) != '/') {
				normal.append(c);
			}
		}
		return (normal.length() == path.length() && path.contentEquals(normal)) ? path : normal.toString();
	}

	private static char upper(char hex) {
		return (hex >= 'a') ? (char) (hex - 'a' + 'A') : hex;
	}

	private static @Nullable String problemWith(String rawPath) {
		if (rawPath.length() > MAX_LENGTH) {
			return "The path is longer than " + MAX_LENGTH + " characters";
		}
		if (!rawPath.startsWith("/")) {
			return "The path does not begin with a slash";
		}
		byte[] decoded = new byte[rawPath.length()];
		int length = 0;
		for (int i = 0; i < rawPath.length(); i++) {
			char c = rawPath.charAt(i);
			int value = c;
			if (c == '%') {
				value = escapeAt(rawPath, i);
				i += 2;
			}
			String problem = problemWith(c, value);
			if (problem != null) {
				return problem;
			}
			decoded[length++] = (byte) value;
		}
		if (length < rawPath.length() && !isUtf8(decoded, length)) {
			return "The path is not valid UTF-8";
		}
		return problemWith(decoded, length);
	}

	private static @Nullable String problemWith(char raw, int value) {
		if (value < 0) {
			return "The path has a malformed percent escape";
		}
		if (value < 0x20 || value == 0x7F) {
			return "The path has a control character";
		}
		if (value == '\\' || value == ';') {
			return "The path has a backslash or a semicolon";
		}
		if (!isAlphanumeric(raw) && ALLOWED.indexOf(raw) < 0) {
			return "The path has a character that must be percent-encoded";
		}
		return null;
	}

	private static @Nullable String problemWith(byte[] decoded, int length) {
		int segment = 0;
		for (int i = 0; i <= length; i++) {
			if (i == length || decoded[i] == '/') {
				int size = i - segment;
				if ((size == 1 || (size == 2 && decoded[i - 2] == '.')) && decoded[i - 1] == '.') {
					return "The path has a dot segment";
				}
				segment = i + 1;
			}
			else if (decoded[i] == '%' && i + 2 < length && hex(decoded[i + 1]) >= 0 && hex(decoded[i + 2]) >= 0) {
				return "The path is percent-encoded twice";
			}
		}
		return null;
	}

	/** Refuses C0 AE, too, which careless servers decode to a dot. */
	private static boolean isUtf8(byte[] decoded, int length) {
		try {
			StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(decoded, 0, length));
			return true;
		}
		catch (CharacterCodingException ex) {
			return false;
		}
	}

	private static int escapeAt(String path, int percent) {
		if (percent + 2 >= path.length()) {
			return -1;
		}
		int high = hex(path.charAt(percent + 1));
		int low = hex(path.charAt(percent + 2));
		return (high < 0 || low < 0) ? -1 : high * 16 + low;
	}

	private static int hex(int c) {
		// Character.digit accepts digits of other scripts, too
		return (c < 0x80) ? Character.digit(c, 16) : -1;
	}

	private static boolean isAlphanumeric(char c) {
		return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
	}

}
