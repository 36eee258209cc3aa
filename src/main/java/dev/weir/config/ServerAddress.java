package dev.weir.config;

import java.net.URI;
import java.util.Locale;
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
	 * The host names of one Azure resource (Azure AI Foundry, Azure OpenAI and Azure AI
	 * services).
	 */
	private static final Pattern AZURE_HOST = Pattern
		.compile("([^.]+)\\.(?:openai|services\\.ai|cognitiveservices)\\.azure\\.(com|us|cn)");

	/**
	 * Writes the server of a URL in a form that is equal for URLs of the same server: in
	 * lower case, without the default port of the scheme (RFC 3986, section 6.2.3), and
	 * with one of the host names of an Azure resource.
	 * @param url the URL
	 * @return scheme, host and port
	 */
	public static String serverOf(URI url) {
		String scheme = String.valueOf(url.getScheme()).toLowerCase(Locale.ROOT);
		ServerAddress address = of(url);
		if (address == null) {
			return scheme + "://" + url.getRawAuthority();
		}
		String host = AZURE_HOST.matcher(address.host.toLowerCase(Locale.ROOT)).replaceFirst("$1.openai.azure.$2");
		int usual = scheme.equals("https") ? 443 : 80;
		return scheme + "://" + host + ((address.port == -1 || address.port == usual) ? "" : ":" + address.port);
	}

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
