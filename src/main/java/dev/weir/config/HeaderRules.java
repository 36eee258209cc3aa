package dev.weir.config;

import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.context.properties.source.ConfigurationPropertyName;

/**
 * Which headers may be forwarded to backends.
 */
final class HeaderRules {

	private static final int MOST = 4;

	private static final Pattern TOKEN = Pattern.compile("[!#$%&'*+.^_`|~0-9A-Za-z-]+");

	private static final Set<String> CREDENTIALS = Set.of("authorization", "proxy-authorization", "api-key",
			"x-api-key", "ocp-apim-subscription-key", "cookie", "set-cookie");

	private static final Set<String> CONNECTION = Set.of("host", "content-length", "transfer-encoding", "connection",
			"proxy-connection", "keep-alive", "te", "trailer", "upgrade", "expect", "http2-settings");

	private static final Set<String> ROUTE_OF_CLIENT = Set.of("forwarded", "x-forwarded-for", "x-forwarded-host",
			"x-forwarded-port", "x-forwarded-prefix", "x-forwarded-proto");

	/** What Weir itself writes or passes on from the client. */
	private static final Set<String> CONTENT = Set.of("accept", "accept-encoding", "content-type", "content-encoding",
			"user-agent", "cookie");

	private final Problems problems;

	HeaderRules(Problems problems) {
		this.problems = problems;
	}

	/**
	 * Why a header cannot carry the key of a backend, {@code null} if it can.
	 */
	static @Nullable String whyNotForKeys(String header) {
		String name = header.toLowerCase(Locale.ROOT);
		if (!TOKEN.matcher(header).matches()) {
			return "must be the name of a header";
		}
		if (CONNECTION.contains(name)) {
			return "must not be " + name + ", which belongs to one connection";
		}
		return CONTENT.contains(name) ? "must not be " + name + ", which has another meaning" : null;
	}

	/**
	 * Checks which headers are forwarded.
	 * @param keyHeaders the headers that carry keys of the pool's backends
	 */
	void check(ConfigurationPropertyName at, Set<String> headers, List<String> keyHeaders) {
		if (headers.size() > MOST) {
			this.problems.report(at, "must have at most 4 headers",
					"Azure refuses requests with more than ten headers of their own, and Weir needs the others.");
		}
		for (String header : headers) {
			String name = header.toLowerCase(Locale.ROOT);
			if (!TOKEN.matcher(header).matches()) {
				this.problems.report(at, "must be names of headers",
						"Write them as '- x-request-source', without values.");
			}
			else if (CREDENTIALS.contains(name) || keyHeaders.stream().anyMatch(header::equalsIgnoreCase)) {
				this.problems.report(at, "must not contain " + name + ", which carries the caller's credential",
						"Remove it; a backend is sent its own credential, see api-key.");
			}
			else if (ROUTE_OF_CLIENT.contains(name)) {
				this.problems.report(at, "must not contain " + name + ", which tells where the caller is",
						"Remove it; backends see Weir as their client.");
			}
			else if (CONNECTION.contains(name)) {
				this.problems.report(at, "must not contain " + name + ", which belongs to one connection",
						"Remove it; it is written anew for each backend.");
			}
		}
	}

}
