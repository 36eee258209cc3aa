package dev.weir.gateway;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

import org.springframework.cloud.gateway.filter.headers.HttpHeadersFilter;
import org.springframework.core.Ordered;
import org.springframework.http.HttpHeaders;
import org.springframework.web.server.ServerWebExchange;

/**
 * Which of a backend's headers a client receives: an allow-list, the counterpart of
 * {@link RequestHeaders}. A client talks to Weir, so a backend's cookies, redirects,
 * policies and servers are none of its business; what is left are the headers of the body
 * and those that SDKs read or users quote when they ask for support. Routes of the user's
 * own, which lead to no pool, are left alone.
 */
public final class ResponseHeaders implements HttpHeadersFilter, Ordered {

	private static final Set<String> NAMES = Set.of(
			// the answer itself
			"content-type", "content-length", "content-encoding", "content-disposition", "content-language", "date",
			"cache-control", "etag", "last-modified", "allow", "x-accel-buffering",
			// when to come back
			"retry-after", "retry-after-ms", "x-should-retry",
			// which call it was and who answered it
			"x-request-id", "apim-request-id", "x-ms-client-request-id", "x-ms-request-id", "x-ms-region",
			"x-ms-served-model", "x-ms-deployment-name", "x-ms-error-code", "x-ms-rai-invoked");

	private static final List<String> PREFIXES = List.of("x-ratelimit-", "azure-openai-", "openai-", "ms-azureml-",
			"x-ms-spillover-");

	// they name the account that Weir's key belongs to
	private static final Set<String> ACCOUNT = Set.of("openai-organization", "openai-project");

	/** Before the gateway's own filter takes the header {@code Connection} away. */
	@Override
	public int getOrder() {
		return HIGHEST_PRECEDENCE;
	}

	@Override
	public boolean supports(Type type) {
		return type == Type.RESPONSE;
	}

	@Override
	public HttpHeaders filter(HttpHeaders input, ServerWebExchange exchange) {
		boolean fromPool = AttemptExchange.in(exchange) != null;
		List<String> hops = hops(input.getOrEmpty(HttpHeaders.CONNECTION));
		if (!fromPool && hops.isEmpty()) {
			return input;
		}
		HttpHeaders passed = new HttpHeaders();
		input.forEach((name, values) -> {
			if ((!fromPool || passes(name)) && hops.stream().noneMatch(name::equalsIgnoreCase)) {
				passed.addAll(name, values);
			}
		});
		return passed;
	}

	/**
	 * Copies what passes.
	 * @param backend the headers of a backend's answer
	 * @param client where they go
	 */
	public static void copy(io.netty.handler.codec.http.HttpHeaders backend, HttpHeaders client) {
		List<String> hops = backend.contains(HttpHeaders.CONNECTION) ? hops(backend.getAll(HttpHeaders.CONNECTION))
				: List.of();
		for (Map.Entry<String, String> header : backend) {
			String name = header.getKey();
			if (passes(name) && (hops.isEmpty() || hops.stream().noneMatch(name::equalsIgnoreCase))) {
				client.add(name, header.getValue());
			}
		}
	}

	/** The headers that are meant for the next hop only (RFC 9110, section 7.6.1). */
	private static List<String> hops(List<String> connection) {
		return connection.stream().flatMap((value) -> Stream.of(value.split(","))).map(String::strip).toList();
	}

	private static boolean passes(String name) {
		String lower = name.toLowerCase(Locale.ROOT);
		if (NAMES.contains(lower)) {
			return true;
		}
		for (String prefix : PREFIXES) {
			if (lower.startsWith(prefix)) {
				return !ACCOUNT.contains(lower);
			}
		}
		return false;
	}

}
