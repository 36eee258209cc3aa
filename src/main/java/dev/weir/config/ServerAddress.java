package dev.weir.config;

import java.net.URI;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.jspecify.annotations.Nullable;

/**
 * Host and port of a URL. {@link URI#getHost()} returns {@code null} for a host with an
 * underscore, which RFC 3986 (section 3.2.2) allows and service names in a cluster may
 * have.
 *
 * @param host the name or address of the host, an IPv6 address in brackets
 * @param port the port, -1 if the URL has none
 */
public record ServerAddress(String host, int port) {

	private static final Pattern AUTHORITY = Pattern.compile("([A-Za-z0-9._-]+?)(?::(\\d{0,5}))?");

	/**
	 * Reads the address of a URL.
	 * @param url the URL
	 * @return its address, {@code null} if it has no host
	 */
	public static @Nullable ServerAddress of(URI url) {
		if (url.getHost() != null) {
			return new ServerAddress(url.getHost(), url.getPort());
		}
		Matcher authority = AUTHORITY.matcher((url.getRawAuthority() != null) ? url.getRawAuthority() : "");
		if (!authority.matches()) {
			return null;
		}
		String port = authority.group(2);
		return new ServerAddress(authority.group(1), (port != null && !port.isEmpty()) ? Integer.parseInt(port) : -1);
	}

}
