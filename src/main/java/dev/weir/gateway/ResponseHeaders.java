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
 * The allow-list of response headers that a client receives, the counterpart of
 * {@link RequestHeaders}. It holds the headers that describe the body, those that SDKs
 * read, and those that users quote in support requests. Others, such as cookies,
 * redirects, policies and server names, concern only the backend and Weir. Routes that do
 * not lead to a pool are not changed.
 */
public final class ResponseHeaders implements HttpHeadersFilter, Ordered {

	private static final Set<String> NAMES = Set.of(
			// the body
			"content-type", "content-length", "content-encoding", "content-disposition", "content-language", "date",
			"cache-control", "etag", "last-modified", "allow", "x-accel-buffering",
			// when to retry
			"retry-after", "retry-after-ms", "x-should-retry",
			// identity of the request and of the backend
			"x-request-id", "apim-request-id", "x-ms-client-request-id", "x-ms-request-id", "x-ms-region",
			"x-ms-served-model", "x-ms-deployment-name", "x-ms-error-code", "x-ms-rai-invoked");

	private static final List<String> PREFIXES = List.of("x-ratelimit-", "azure-openai-", "openai-", "ms-azureml-",
			"x-ms-spillover-");

	// exceptions from the prefixes: these name the account of Weir's API key
	private static final Set<String> DENIED = Set.of("openai-organization", "openai-project");

	/** Before the gateway's own filter removes the header {@code Connection}. */
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
			if ((!fromPool || isAllowed(name)) && hops.stream().noneMatch(name::equalsIgnoreCase)) {
				passed.addAll(name, values);
			}
		});
		return passed;
	}

	/**
	 * Copies the headers that a client may receive.
	 * @param backend the headers of a backend's response
	 * @param client the headers to add them to
	 */
	public static void copy(io.netty.handler.codec.http.HttpHeaders backend, HttpHeaders client) {
		List<String> hops = backend.contains(HttpHeaders.CONNECTION) ? hops(backend.getAll(HttpHeaders.CONNECTION))
				: List.of();
		for (Map.Entry<String, String> header : backend) {
			String name = header.getKey();
			if (isAllowed(name) && (hops.isEmpty() || hops.stream().noneMatch(name::equalsIgnoreCase))) {
				client.add(name, header.getValue());
			}
		}
	}

	/**
	 * The names of headers that are meant for the next hop only (RFC 9110, section
	 * 7.6.1).
	 */
	private static List<String> hops(List<String> connection) {
		return connection.stream().flatMap((value) -> Stream.of(value.split(","))).map(String::strip).toList();
	}

	private static boolean isAllowed(String name) {
		String lower = name.toLowerCase(Locale.ROOT);
		if (NAMES.contains(lower)) {
			return true;
		}
		for (String prefix : PREFIXES) {
			if (lower.startsWith(prefix)) {
				return !DENIED.contains(lower);
			}
		}
		return false;
	}

}
