package dev.weir.proxy;

import java.util.List;
import java.util.Locale;
import java.util.Set;

import org.springframework.cloud.gateway.filter.headers.HttpHeadersFilter;
import org.springframework.http.HttpHeaders;
import org.springframework.web.server.ServerWebExchange;

import dev.weir.backend.Attempts;

/**
 * Which of a backend's headers a client receives: an allow-list, the counterpart of
 * {@link UpstreamHeaders}. A client talks to Weir, so a backend's cookies, redirects,
 * policies and servers are none of its business; what is left are the headers of the body
 * and those that SDKs read or users quote when they ask for support. Routes of the user's
 * own, which lead to no pool, are left alone.
 */
final class DownstreamHeaders implements HttpHeadersFilter {

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

	@Override
	public boolean supports(Type type) {
		return type == Type.RESPONSE;
	}

	@Override
	public HttpHeaders filter(HttpHeaders input, ServerWebExchange exchange) {
		if (!exchange.getAttributes().containsKey(Attempts.ATTRIBUTE)) {
			return input;
		}
		HttpHeaders passed = new HttpHeaders();
		input.forEach((name, values) -> {
			if (passes(name.toLowerCase(Locale.ROOT))) {
				passed.addAll(name, values);
			}
		});
		return passed;
	}

	private static boolean passes(String name) {
		return NAMES.contains(name) || (PREFIXES.stream().anyMatch(name::startsWith) && !ACCOUNT.contains(name));
	}

}
