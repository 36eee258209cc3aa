package dev.weir.inbound;

import java.net.URI;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.RejectedExecutionException;

import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

import org.springframework.cloud.gateway.filter.GatewayFilterChain;
import org.springframework.cloud.gateway.filter.GlobalFilter;
import org.springframework.cloud.gateway.filter.RouteToRequestUrlFilter;
import org.springframework.core.Ordered;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpMethod;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.web.server.ServerWebExchange;

import dev.weir.openai.call.ApiCall;
import dev.weir.openai.error.ApiError;
import dev.weir.openai.error.ApiErrorException;
import dev.weir.openai.call.ApiPath;
import dev.weir.openai.call.Operation;
import dev.weir.request.ClientGoneException;
import dev.weir.openai.body.ContentCoding;
import dev.weir.openai.body.OpaqueBody;
import dev.weir.openai.body.RequestBody;
import dev.weir.openai.body.SessionModel;
import dev.weir.openai.call.SafePath;
import dev.weir.openai.stored.IdShape;
import dev.weir.openai.stored.StoredOperation;
import dev.weir.backend.Pool;
import dev.weir.config.BalancingStrategy;
import dev.weir.memory.BufferBudget;
import dev.weir.request.RequestContext;

/**
 * Parses a request to a pool once for all attempts: the operation, the model and the
 * body, up to a limit. A body that is larger than the limit is streamed to the backend,
 * unless Weir must know what it names; such a request gets a single attempt.
 */
final class ReadCallFilter implements GlobalFilter, Ordered {

	/** After the user's filters, and after the route's URI has been set. */
	static final int ORDER = RouteToRequestUrlFilter.ROUTE_TO_URL_FILTER_ORDER + 100;

	private final PoolResolver pools;

	private final BufferBudget budget;

	private final Scheduler decoders;

	/**
	 * Creates the filter.
	 * @param pools finds the pool of a request
	 * @param budget the memory limit for all bodies together
	 * @param decoders decodes compressed bodies outside the event loops
	 */
	ReadCallFilter(PoolResolver pools, BufferBudget budget, Scheduler decoders) {
		this.pools = pools;
		this.budget = budget;
		this.decoders = decoders;
	}

	@Override
	public int getOrder() {
		return ORDER;
	}

	@Override
	public Mono<Void> filter(ServerWebExchange exchange, GatewayFilterChain chain) {
		Pool pool = this.pools.resolve(exchange);
		if (pool == null) {
			return chain.filter(exchange);
		}
		RequestContext context = RequestContext.of(exchange);
		if (!context.loop().isCurrent()) {
			// a filter of the user, such as Retry with a backoff, continues on another
			// thread
			return context.loop().confine(Mono.defer(() -> filter(exchange, chain)));
		}
		context.routeTo(pool);
		ServerHttpRequest request = exchange.getRequest();
		URI uri = request.getURI();
		// the user's filters may have changed the path
		ApiPath path = ApiPath.parse(request.getMethod().name(), SafePath.of(uri.getRawPath()), uri.getRawQuery());
		if (ClientHandshake.isIn(request)) {
			context.onCallRead(readHandshake(request, path));
			HandshakeOrigin.check(exchange);
			return chain.filter(exchange);
		}
		if (request.getMethod() == HttpMethod.GET && path.operationPath().equals(Operation.REALTIME.path())) {
			return Mono.error(onlyWebSocket(path));
		}
		String allowed = path.allowedMethodsIfRefused();
		if (allowed != null) {
			return Mono.error(new ApiErrorException(
					new ApiError(405, "The method " + path.method() + " is not supported at " + uri.getRawPath() + ".",
							"invalid_request_error", null, "method_not_allowed"),
					Map.of("allow", allowed)));
		}
		return read(exchange, path).flatMap((call) -> {
			context.onCallRead(call);
			return chain.filter(exchange);
		});
	}

	private BufferBudget.Share openShare(ServerWebExchange exchange, Runnable onEvicted) {
		RequestContext context = RequestContext.of(exchange);
		BufferBudget.Share share = this.budget.openUpload(context.competingClient(),
				() -> context.loop().execute(onEvicted));
		context.holdBody(share);
		return share;
	}

	/** The largest body of a request that is held in memory. */
	private int maxBody(ServerWebExchange exchange) {
		return Math.toIntExact(Math.min(RequestContext.of(exchange).configuration().properties().maxBody().toBytes(),
				this.budget.largestUpload(RequestContext.of(exchange).competingClient())));
	}

	private Mono<ApiCall> read(ServerWebExchange exchange, ApiPath path) {
		int maxBody = maxBody(exchange);
		ServerHttpRequest request = exchange.getRequest();
		HttpHeaders headers = request.getHeaders();
		long length = headers.getContentLength();
		boolean hasBody = length > 0 || headers.containsHeader(HttpHeaders.TRANSFER_ENCODING);
		if (!hasBody || request.getMethod() == HttpMethod.GET || request.getMethod() == HttpMethod.HEAD) {
			return Mono.fromSupplier(() -> call(path, RequestBody.of(new byte[0], null)));
		}
		@Nullable List<String> codings = headers.get(HttpHeaders.CONTENT_ENCODING);
		ContentCoding coding = (codings != null) ? ContentCoding.of(String.join(",", codings)) : null;
		@Nullable String type = headers.getFirst(HttpHeaders.CONTENT_TYPE);
		boolean mustRead = path.operation().hasModel() || coding != null
				|| (RequestContext.of(exchange).client() != null && path.mayNameInBody());
		if (length > maxBody || (length < 0 && !mustRead && !mayBeRead(path, type))) {
			return mustRead ? Mono.error(tooLarge(maxBody))
					: Mono.just(new ApiCall(path, (path.deployment() != null) ? path.deployment() : "", null, false));
		}
		Mono<byte[]> body = BodyCollector.collect(request.getBody().onErrorMap(ClientGoneException::of), length,
				maxBody, (onEvicted) -> openShare(exchange, onEvicted));
		Mono<byte[]> plain = (coding != null) ? body.flatMap((encoded) -> decode(coding, encoded, maxBody, exchange))
				: body;
		return plain.onErrorMap(BodyLimitException.class, (limit) -> limitError(limit, maxBody))
			.map((bytes) -> call(path, read(path, bytes, type, isCacheAffine(exchange))));
	}

	private Mono<byte[]> decode(ContentCoding coding, byte[] encoded, int maxBody, ServerWebExchange exchange) {
		Mono<byte[]> decoded = Mono.fromCallable(() -> coding.decode(encoded, maxBody))
			.switchIfEmpty(Mono.error(() -> tooLarge(maxBody)))
			.subscribeOn(this.decoders)
			.onErrorMap(RejectedExecutionException.class, (ex) -> busy());
		return RequestContext.of(exchange)
			.loop()
			.deliver(decoded)
			.doOnNext((plain) -> count(plain.length - encoded.length, exchange));
	}

	/** Counts the additional bytes of a decoded body. */
	private static void count(int more, ServerWebExchange exchange) {
		BufferBudget.Share share = RequestContext.of(exchange).bodyShare();
		if (more > 0 && share != null && !share.grow(more)) {
			throw BodyLimitException.noRoom(share);
		}
	}

	private static boolean isCacheAffine(ServerWebExchange exchange) {
		return RequestContext.of(exchange).pool().properties().strategy() == BalancingStrategy.CACHE_AFFINE;
	}

	private static RequestBody read(ApiPath path, byte[] body, @Nullable String type, boolean withPromptKey) {
		StoredOperation stored = path.storedOperation();
		IdShape shape = (stored != null) ? stored.request() : IdShape.NONE;
		if (path.operation().hasModel()) {
			return RequestBody.of(body, type, shape, withPromptKey);
		}
		return RequestBody.ofUnknown(body, type, shape);
	}

	/**
	 * Whether a body without a known length is read, since it may name a model or stored
	 * objects. A file without a length is streamed.
	 */
	private static boolean mayBeRead(ApiPath path, @Nullable String type) {
		return path.mayNameModel() ? mayNameModel(type)
				: path.storedOperation() != null && type != null && type.toLowerCase(Locale.ROOT).contains("json");
	}

	/** Whether a body of this type may name a model. */
	private static boolean mayNameModel(@Nullable String type) {
		String lower = (type != null) ? type.toLowerCase(Locale.ROOT) : "";
		return lower.isEmpty() || lower.contains("json") || lower.startsWith("multipart/form-data")
				|| lower.startsWith("application/x-www-form-urlencoded") || lower.startsWith("text/plain");
	}

	private static ApiCall call(ApiPath path, RequestBody body) {
		SessionModel session = path.hasSession() ? SessionModel.find(body) : null;
		String named = (path.deployment() != null) ? path.deployment()
				: (session != null) ? session.name() : path.mayNameModel() ? body.model() : null;
		if (named == null && path.operation().needsModel()) {
			if (body instanceof OpaqueBody && body.length() > 0) {
				throw invalid(400,
						"The body must be JSON or a form, and its content-type must be application/json"
								+ " or multipart/form-data (curl -d sends application/x-www-form-urlencoded).",
						null, "unsupported_content_type");
			}
			throw invalid(400, "You must provide a model parameter.", "model", "missing_required_parameter");
		}
		return new ApiCall(path, (named != null) ? named : "", body, true);
	}

	private static ApiErrorException limitError(BodyLimitException limit, int maxBody) {
		String full = limit.full();
		return (full == null) ? tooLarge(maxBody)
				: new ApiErrorException(new ApiError(503, full + " Send the request again, without pauses.",
						"server_error", null, "overloaded"), Map.of("retry-after", "1", "connection", "close"));
	}

	private static ApiCall readHandshake(ServerHttpRequest request, ApiPath path) {
		ApiPath handshake = path.toHandshake();
		if (handshake == null) {
			throw invalid(501, "There is no WebSocket at " + path.withOperationPath(path.operationPath())
					+ "; the paths with one end with /realtime or /responses.", null, "not_supported");
		}
		ClientHandshake.of(request.getHeaders());
		String model = (handshake.operation() == Operation.REALTIME) ? handshake.queryModel() : "";
		if (model == null && !handshake.needsNoQueryModel() && EphemeralKey.of(request.getHeaders()) == null) {
			throw invalid(400, "You must provide the query parameter model, or deployment in Azure's classic form.",
					"model", "missing_required_parameter");
		}
		return new ApiCall(handshake, (model != null) ? model : "", RequestBody.of(new byte[0], null), true);
	}

	private static ApiErrorException onlyWebSocket(ApiPath path) {
		return new ApiErrorException(ApiError.invalid(426,
				path.withOperationPath(path.operationPath())
						+ " is a WebSocket: connect with ws:// or wss://, or send the headers of an upgrade.",
				null, "websocket_required"), Map.of("upgrade", "websocket", "connection", "Upgrade"));
	}

	private static ApiErrorException tooLarge(int maxBody) {
		return invalid(413, "The request body is larger than " + maxBody + " bytes.", null, "request_too_large");
	}

	private static ApiErrorException busy() {
		return new ApiErrorException(new ApiError(503, "Too many compressed request bodies wait to be decoded.",
				"server_error", null, "service_unavailable"), Map.of("retry-after-ms", "1000", "retry-after", "1"));
	}

	private static ApiErrorException invalid(int status, String message, @Nullable String param, String code) {
		return new ApiErrorException(ApiError.invalid(status, message, param, code));
	}

}
