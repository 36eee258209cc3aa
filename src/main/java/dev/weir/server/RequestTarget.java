package dev.weir.server;

import org.jspecify.annotations.Nullable;

/**
 * Syntax of the target of a request and of the {@code Host} header (RFC 9112, section
 * 3.2; RFC 3986).
 */
final class RequestTarget {

	/**
	 * Characters that {@link java.net.URI} rejects, and {@code #}, since a target has no
	 * fragment.
	 */
	private static final String FORBIDDEN = "\"<>\\^`{|}#";

	private static final int MAX_PORT = 65535;

	private RequestTarget() {
	}

	/**
	 * Whether a target has only valid characters and escapes.
	 * @param target the target of the request
	 * @return whether it can be parsed as a URI
	 */
	static boolean isUri(String target) {
		boolean query = false;
		for (int i = 0; i < target.length(); i++) {
			char c = target.charAt(i);
			if (c <= ' ' || (c >= 0x7F && c <= 0xA0) || FORBIDDEN.indexOf(c) >= 0) {
				return false;
			}
			if (c == '%' && !(i + 2 < target.length() && isHex(target.charAt(i + 1)) && isHex(target.charAt(i + 2)))) {
				return false;
			}
			query |= c == '?';
			if (!query && (c == '[' || c == ']')) {
				return false;
			}
		}
		return !target.isEmpty();
	}

	/**
	 * Whether a text is a host with an optional port (RFC 3986, section 3.2).
	 * @param text the value of a {@code Host} header
	 * @return whether it is valid
	 */
	static boolean isAuthority(String text) {
		int end = text.startsWith("[") ? text.indexOf(']') + 1 : hostEnd(text);
		for (int i = 0; i < end; i++) {
			if (!isHostCharacter(text.charAt(i), text.charAt(0) == '[')) {
				return false;
			}
		}
		return end > 0 && (end == text.length() || isPort(text, end));
	}

	private static int hostEnd(String text) {
		int colon = text.indexOf(':');
		return (colon < 0) ? text.length() : colon;
	}

	private static boolean isHostCharacter(char c, boolean literal) {
		return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.'
				|| c == '_' || c == '~' || (literal && (c == '[' || c == ']' || c == ':' || c == '%'));
	}

	/**
	 * Whether a text ends with a colon and one to five digits. An empty port is not
	 * valid, because Reactor Netty fails on it.
	 */
	private static boolean isPort(String text, int colon) {
		if (text.charAt(colon) != ':' || text.length() - colon < 2 || text.length() - colon > 6) {
			return false;
		}
		int port = 0;
		for (int i = colon + 1; i < text.length(); i++) {
			char c = text.charAt(i);
			if (c < '0' || c > '9') {
				return false;
			}
			port = port * 10 + c - '0';
		}
		return port <= MAX_PORT;
	}

	/**
	 * Returns the path and query of a target in absolute form.
	 * @param target the target
	 * @param host the value of the {@code Host} header, or {@code null} if there is none
	 * @return the path and query, or {@code null} if the target is not a URL or has
	 * another host
	 */
	static @Nullable String pathOfAbsolute(String target, @Nullable String host) {
		int scheme = target.indexOf("://");
		String name = (scheme > 0) ? target.substring(0, scheme) : "";
		if (!name.equalsIgnoreCase("http") && !name.equalsIgnoreCase("https")) {
			return null;
		}
		int start = scheme + 3;
		int end = start;
		while (end < target.length() && target.charAt(end) != '/' && target.charAt(end) != '?') {
			end++;
		}
		String authority = target.substring(start, end);
		if (!isAuthority(authority) || (host != null && !host.equalsIgnoreCase(authority))) {
			return null;
		}
		String path = target.substring(end);
		return path.startsWith("/") ? path : "/" + path;
	}

	private static boolean isHex(char c) {
		return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
	}

}
