package dev.weir.gateway;

import java.net.URI;
import java.util.List;
import java.util.Set;

import org.jspecify.annotations.Nullable;

import org.springframework.cloud.gateway.support.ServerWebExchangeUtils;
import org.springframework.http.HttpHeaders;
import org.springframework.web.server.ServerWebExchange;

import dev.weir.backend.Attempt;
import dev.weir.backend.Backend;
import dev.weir.config.BackendDialect;
import dev.weir.config.ServerAddress;
import dev.weir.openai.call.ApiPath;
import dev.weir.openai.error.ApiErrorException;
import dev.weir.openai.error.MalformedRequestException;
import dev.weir.openai.stored.NamedObject;
import dev.weir.openai.stored.ReportedObject;
import dev.weir.openai.stored.StoredObject;
import dev.weir.request.RequestContext;
import dev.weir.response.BackendResponse;

/**
 * The headers of a response that say where a new object is found. The client gets them
 * with the address of Weir, in the dialect of its call, since it has no credential for
 * the backend. A location that is not a path of the backend's API is not relayed.
 */
final class LocationHeaders {

	private static final List<String> NAMES = List.of("operation-location", HttpHeaders.LOCATION);

	private LocationHeaders() {
	}

	/**
	 * Adds the headers to those that the client gets, and records the objects.
	 * @param exchange the client's exchange
	 * @param context the request
	 * @param response the response of the running attempt
	 * @param base the base URL of the backend
	 */
	static void relay(ServerWebExchange exchange, RequestContext context, BackendResponse response, String base) {
		if (response.status() / 100 != 2) {
			return;
		}
		for (String name : NAMES) {
			String location = response.header(name);
			ApiPath target = (location != null) ? parse(location, base, context) : null;
			if (target != null) {
				response.passed().set(name, prefix(exchange) + context.call().path().locationOf(target));
				Attempt attempt = context.failover().attempts().requireCurrent();
				List<NamedObject> named = target.objects();
				if (!named.isEmpty()) {
					// of the path of a new object, the last id is new
					StoredObject made = named.get(named.size() - 1).object();
					attempt.recordObjects(List.of(new ReportedObject(made, ReportedObject.Origin.CREATED)));
				}
			}
		}
	}

	private static @Nullable ApiPath parse(String location, String base, RequestContext context) {
		Backend backend = context.failover().attempts().requireCurrent().lane().backend();
		try {
			URI root = URI.create(base + "/");
			URI uri = root.resolve(location.strip());
			String path = uri.normalize().getRawPath();
			if (!ServerAddress.serverOf(root).equals(ServerAddress.serverOf(uri))
					|| !path.startsWith(root.getRawPath())) {
				return null;
			}
			String relative = path.substring(root.getRawPath().length() - 1);
			return ApiPath.parse("GET", (backend.dialect() == BackendDialect.AZURE) ? relative : "/v1" + relative,
					uri.getRawQuery());
		}
		catch (IllegalArgumentException | ApiErrorException | MalformedRequestException ex) {
			return null;
		}
	}

	/** The client's own address of Weir, up to the path that the call begins with. */
	private static String prefix(ServerWebExchange exchange) {
		URI routed = exchange.getRequest().getURI();
		@Nullable Set<URI> originals = exchange.getAttribute(ServerWebExchangeUtils.GATEWAY_ORIGINAL_REQUEST_URL_ATTR);
		URI original = (originals == null || originals.isEmpty()) ? routed : originals.iterator().next();
		String path = original.getRawPath();
		String end = routed.getRawPath();
		String before = path.endsWith(end) ? path.substring(0, path.length() - end.length()) : "";
		return original.getScheme() + "://" + original.getRawAuthority() + before;
	}

}
