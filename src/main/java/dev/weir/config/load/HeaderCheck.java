package dev.weir.config.load;

import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.context.properties.source.ConfigurationPropertyName;

/**
 * Checks which request headers are forwarded to backends, and which one carries a key.
 */
final class HeaderCheck {

	static final int MAX_FORWARDED = 4;

	static final Pattern TOKEN = Pattern.compile("[!#$%&'*+.^_`|~0-9A-Za-z-]+");

	private static final Set<String> CREDENTIALS = Set.of("authorization", "proxy-authorization", "api-key",
			"x-api-key", "ocp-apim-subscription-key", "cookie", "set-cookie");

	private static final Set<String> CONNECTION = Set.of("host", "content-length", "transfer-encoding", "connection",
			"proxy-connection", "keep-alive", "te", "trailer", "upgrade", "expect", "http2-settings");

	private static final Set<String> CLIENT_ADDRESS = Set.of("forwarded", "x-forwarded-for", "x-forwarded-host",
			"x-forwarded-port", "x-forwarded-prefix", "x-forwarded-proto");

	/** Headers that Weir itself writes or forwards from the client. */
	private static final Set<String> WRITTEN_BY_WEIR = Set.of("accept", "accept-encoding", "content-type",
			"content-encoding", "user-agent", "cookie");

	private final ProblemCollector problems;

	HeaderCheck(ProblemCollector problems) {
		this.problems = problems;
	}

	/**
	 * Checks that a header can carry the key of a backend.
	 * @param header the name of the header
	 * @return the mistake, {@code null} if the header can carry a key
	 */
	static @Nullable String problemAsKeyHeader(String header) {
		String name = header.toLowerCase(Locale.ROOT);
		if (!TOKEN.matcher(header).matches()) {
			return "must be a valid header name";
		}
		if (CONNECTION.contains(name)) {
			return "must not be " + name + ", which belongs to one connection";
		}
		return WRITTEN_BY_WEIR.contains(name) ? "must not be " + name + ", which has another meaning" : null;
	}

	/**
	 * Checks the headers that are forwarded.
	 * @param at the name of the property
	 * @param headers its value
	 * @param keyHeaders the headers that carry keys of the pool's backends
	 */
	void check(ConfigurationPropertyName at, Set<String> headers, List<String> keyHeaders) {
		if (headers.size() > MAX_FORWARDED) {
			this.problems.report(at, "must have at most 4 headers",
					"Azure refuses requests with more than ten custom headers, and Weir needs the others.");
		}
		for (String header : headers) {
			String name = header.toLowerCase(Locale.ROOT);
			if (!TOKEN.matcher(header).matches()) {
				this.problems.report(at, "must contain valid header names only",
						"Write them as '- x-request-source', without values.");
			}
			else if (CREDENTIALS.contains(name) || keyHeaders.stream().anyMatch(header::equalsIgnoreCase)) {
				this.problems.report(at, "must not contain " + name + ", which carries a credential",
						"Remove it. A backend gets its own credential: see api-key.");
			}
			else if (CLIENT_ADDRESS.contains(name)) {
				this.problems.report(at, "must not contain " + name + ", which contains the client's address",
						"Remove it. Backends see Weir as their client.");
			}
			else if (CONNECTION.contains(name)) {
				this.problems.report(at, "must not contain " + name + ", which belongs to one connection",
						"Remove it. Weir writes it for each backend.");
			}
		}
	}

}
