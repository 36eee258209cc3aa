package dev.weir.proxy;

import java.net.URI;

import org.springframework.http.server.reactive.HttpHandler;
import org.springframework.http.server.reactive.HttpHandlerDecoratorFactory;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.web.util.UriComponentsBuilder;

import dev.weir.api.Query;

/**
 * Takes a credential out of the query, so that no log and no backend sees it. It stands
 * around everything else, since Spring logs the query of a request before its first
 * filter.
 */
final class QueryKeyRemover implements HttpHandlerDecoratorFactory {

	private static final String KEY_PARAMETER = "api-key";

	@Override
	public HttpHandler apply(HttpHandler handler) {
		return (request, response) -> handler.handle(withoutKey(request), response);
	}

	private static ServerHttpRequest withoutKey(ServerHttpRequest request) {
		URI uri = request.getURI();
		Query query = Query.of(uri.getRawQuery());
		if (!query.has(KEY_PARAMETER)) {
			return request;
		}
		URI cleaned = UriComponentsBuilder.fromUri(uri)
			.replaceQuery(query.without(KEY_PARAMETER).toString())
			.build(true)
			.toUri();
		return request.mutate().uri(cleaned).build();
	}

}
