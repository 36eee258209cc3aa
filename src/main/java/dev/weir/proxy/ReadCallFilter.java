package dev.weir.proxy;

import java.net.URI;
import java.util.Map;

import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

import org.springframework.cloud.gateway.filter.GatewayFilterChain;
import org.springframework.cloud.gateway.filter.GlobalFilter;
import org.springframework.cloud.gateway.filter.RouteToRequestUrlFilter;
import org.springframework.cloud.gateway.support.ServerWebExchangeUtils;
import org.springframework.core.Ordered;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpMethod;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.util.unit.DataSize;
import org.springframework.web.server.ServerWebExchange;

import dev.weir.api.ApiCall;
import dev.weir.api.ApiError;
import dev.weir.api.ApiErrorException;
import dev.weir.api.ApiPath;
import dev.weir.api.ClientGoneException;
import dev.weir.api.OpaqueBody;
import dev.weir.api.RequestBody;
import dev.weir.backend.Pools;
import dev.weir.memory.BufferBudget;

/**
 * Reads a call to a pool once, for every attempt to start from: what it wants done, the
 * model, and the body, bounded. Uploads that no model decides about and that are too
 * large to keep stream by; they get a single attempt.
 */
final class ReadCallFilter implements GlobalFilter, Ordered {

	/** After the user's own filters and the route's URI. */
	static final int ORDER = RouteToRequestUrlFilter.ROUTE_TO_URL_FILTER_ORDER + 100;

	private final Pools pools;

	private final BufferBudget budget;

	private final int maxBody;

	ReadCallFilter(Pools pools, BufferBudget budget, DataSize maxBody) {
		this.pools = pools;
		this.budget = budget;
		this.maxBody = Math.toIntExact(Math.min(maxBody.toBytes(), budget.limit()));
	}

	@Override
	public int getOrder() {
		return ORDER;
	}

	@Override
	public Mono<Void> filter(ServerWebExchange exchange, GatewayFilterChain chain) {
		if (this.pools.of(exchange.getAttribute(ServerWebExchangeUtils.GATEWAY_REQUEST_URL_ATTR)) == null) {
			return chain.filter(exchange);
		}
		ServerHttpRequest request = exchange.getRequest();
		if ("websocket".equalsIgnoreCase(request.getHeaders().getUpgrade())) {
			return Mono.error(invalid(501, "WebSocket connections are not supported.", null, "not_supported"));
		}
		URI uri = request.getURI();
		ApiPath path = ApiPath.parse(request.getMethod().name(), uri.getRawPath(), uri.getRawQuery());
		return read(exchange, path).flatMap((call) -> {
			exchange.getAttributes().put(ApiCall.ATTRIBUTE, call);
			return chain.filter(exchange);
		}).doFinally((signal) -> {
			if (exchange.getAttribute(BufferBudget.Share.ATTRIBUTE) instanceof BufferBudget.Share share) {
				share.close();
			}
		});
	}

	private BufferBudget.Share openShare(ServerWebExchange exchange, Runnable cut) {
		BufferBudget.Share share = this.budget.openUpload(cut);
		exchange.getAttributes().put(BufferBudget.Share.ATTRIBUTE, share);
		return share;
	}

	private Mono<ApiCall> read(ServerWebExchange exchange, ApiPath path) {
		ServerHttpRequest request = exchange.getRequest();
		HttpHeaders headers = request.getHeaders();
		String coding = headers.getFirst(HttpHeaders.CONTENT_ENCODING);
		if (coding != null && path.operation().hasModel() && !"identity".equalsIgnoreCase(coding)) {
			return Mono.error(invalid(415, "A body with content-encoding " + coding + " is not supported.", null,
					"unsupported_content_encoding"));
		}
		long length = headers.getContentLength();
		boolean hasBody = length > 0 || headers.containsHeader(HttpHeaders.TRANSFER_ENCODING);
		if (!hasBody || request.getMethod() == HttpMethod.GET || request.getMethod() == HttpMethod.HEAD) {
			return Mono.fromSupplier(() -> call(path, RequestBody.of(new byte[0], null)));
		}
		if (length > this.maxBody || (length < 0 && !path.operation().hasModel())) {
			return path.operation().hasModel() ? Mono.error(tooLarge())
					: Mono.just(new ApiCall(path, (path.deployment() != null) ? path.deployment() : "", null, false));
		}
		@Nullable String type = headers.getFirst(HttpHeaders.CONTENT_TYPE);
		return BodyCollector
			.collect(request.getBody().onErrorMap(ClientGoneException::of), length, this.maxBody,
					(cut) -> openShare(exchange, cut))
			.onErrorMap(BodyLimitException.class, this::refusal)
			.map((body) -> call(path,
					RequestBody.of(body, path.operation().hasModel() ? type : "application/octet-stream")));
	}

	private static ApiCall call(ApiPath path, RequestBody body) {
		String named = (path.deployment() != null) ? path.deployment() : body.model();
		if (named == null && path.operation().needsModel()) {
			if (body instanceof OpaqueBody && body.length() > 0) {
				throw invalid(400,
						"The body must be JSON or a form, and its content-type must say so: application/json"
								+ " or multipart/form-data (curl -d alone says neither).",
						null, "unsupported_content_type");
			}
			throw invalid(400, "You must provide a model parameter.", "model", "missing_required_parameter");
		}
		return new ApiCall(path, (named != null) ? named : "", body, true);
	}

	private ApiErrorException refusal(BodyLimitException limit) {
		return switch (limit.reason()) {
			case TOO_LARGE -> tooLarge();
			case NO_ROOM -> new ApiErrorException(
					new ApiError(503,
							"Weir holds as many bytes of request bodies as it may (weir.max-buffered)."
									+ " Send the request again, without pauses.",
							"server_error", null, "overloaded"),
					Map.of("retry-after", "1", "connection", "close"));
		};
	}

	private ApiErrorException tooLarge() {
		return invalid(413, "The request body is larger than " + this.maxBody + " bytes.", null, "request_too_large");
	}

	private static ApiErrorException invalid(int status, String message, @Nullable String param, String code) {
		return new ApiErrorException(new ApiError(status, message, "invalid_request_error", param, code));
	}

}
