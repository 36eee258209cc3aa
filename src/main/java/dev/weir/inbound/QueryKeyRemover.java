package dev.weir.inbound;

import java.net.URI;

import org.springframework.http.server.reactive.HttpHandler;
import org.springframework.http.server.reactive.HttpHandlerDecoratorFactory;
import org.springframework.http.server.reactive.ServerHttpRequest;

import dev.weir.openai.call.Query;

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
		if (!Query.mayHave(uri.getRawQuery(), KEY_PARAMETER)) {
			return request;
		}
		Query query = Query.of(uri.getRawQuery());
		if (!query.has(KEY_PARAMETER)) {
			return request;
		}
		return request.mutate().uri(withQuery(uri, query.without(KEY_PARAMETER))).build();
	}

	// not by Spring's builder, which refuses the brackets in include[]=, as SDKs send it
	private static URI withQuery(URI uri, Query query) {
		String whole = uri.toString();
		String path = whole.substring(0, whole.indexOf('?'));
		return URI.create(query.parameters().isEmpty() ? path : path + "?" + query);
	}

}
