package dev.weir.api;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

import org.jspecify.annotations.Nullable;

/**
 * Which request paths may go to a backend. A path is refused if two servers could read
 * different resources from it: what Weir checked must be what the backend serves under
 * Weir's credential.
 */
public final class SafePath {

	/** The longest path that may pass, in characters. */
	private static final int MAX_LENGTH = 2048;

	/** RFC 3986, section 3.3, without the semicolon, at which some servers cut. */
	private static final String ALLOWED = "-._~!$&'()*+,=:@/%";

	private SafePath() {
	}

	/**
	 * Says what is wrong with a path. Refused are dot segments, encoded slashes,
	 * backslashes, semicolons and control characters, whether raw or percent-encoded;
	 * escapes that are incomplete, that decode to another escape or to no UTF-8;
	 * characters which RFC 3986 wants encoded; a path that does not begin with exactly
	 * one slash; and more than 2,048 characters.
	 * @param rawPath the path as it came, not decoded, without the query
	 * @return {@code null} if the path may pass, else a sentence for the API client
	 */
	public static @Nullable String problemWith(String rawPath) {
		if (rawPath.length() > MAX_LENGTH) {
			return "The path is longer than " + MAX_LENGTH + " characters";
		}
		// a client of the backend could take what follows two slashes for a host
		if (!rawPath.startsWith("/") || rawPath.startsWith("//")) {
			return "The path does not begin with one slash";
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
		if (value == '\\' || value == ';' || (value == '/' && raw == '%')) {
			return "The path has a backslash, a semicolon or an encoded slash";
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

	/** Whether it is; C0 AE is not, which careless servers take for a dot. */
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
		// Character.digit knows digits of other scripts too
		return (c < 0x80) ? Character.digit(c, 16) : -1;
	}

	private static boolean isAlphanumeric(char c) {
		return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
	}

}
