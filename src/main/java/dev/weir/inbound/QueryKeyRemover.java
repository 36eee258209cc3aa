package dev.weir.inbound;

import java.net.URI;

import org.springframework.http.server.reactive.HttpHandler;
import org.springframework.http.server.reactive.HttpHandlerDecoratorFactory;
import org.springframework.http.server.reactive.ServerHttpRequest;

import dev.weir.openai.call.Query;

/**
 * Moves a key from the query to the header {@code api-key}, so that it reaches neither a
 * log nor a backend. It decorates the outermost handler, since Spring logs the query of a
 * request before the first filter runs.
 */
final class QueryKeyRemover implements HttpHandlerDecoratorFactory {

	private static final String KEY_PARAMETER = "api-key";

	@Override
	public HttpHandler apply(HttpHandler handler) {
		return (request, response) -> handler.handle(withoutKey(request), response);
	}

	private static ServerHttpRequest withoutKey(ServerHttpRequest request) {
		URI uri = request.getURI();
		if (!Query.mayHave(uri.getRawQuery(), KEY_PARAMETER)) {
			return request;
		}
		Query query = Query.of(uri.getRawQuery());
		if (!query.has(KEY_PARAMETER)) {
			return request;
		}
		String key = query.values(KEY_PARAMETER).get(0);
		return request.mutate().uri(withQuery(uri, query.without(KEY_PARAMETER))).headers((headers) -> {
			if (!headers.containsHeader(KEY_PARAMETER)) {
				headers.set(KEY_PARAMETER, key);
			}
		}).build();
	}

	// Spring's builder rejects the brackets in include[]=, which SDKs send
	private static URI withQuery(URI uri, Query query) {
		String whole = uri.toString();
		String path = whole.substring(0, whole.indexOf('?'));
		return URI.create(query.parameters().isEmpty() ? path : path + "?" + query);
	}

}
