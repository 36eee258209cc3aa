package dev.weir.inbound;

import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.stream.Collectors;

import reactor.core.publisher.Mono;

import org.springframework.cloud.gateway.filter.GatewayFilterChain;
import org.springframework.cloud.gateway.filter.GlobalFilter;
import org.springframework.core.Ordered;
import org.springframework.http.MediaType;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.web.server.ServerWebExchange;

import dev.weir.openai.call.ApiCall;
import dev.weir.openai.error.ApiError;
import dev.weir.openai.error.ApiErrorException;
import dev.weir.openai.call.ApiPath;
import dev.weir.openai.call.ModelList;
import dev.weir.openai.call.Operation;
import dev.weir.backend.Backend;
import dev.weir.config.ClientPriority;
import dev.weir.backend.Lanes;
import dev.weir.backend.Pool;
import dev.weir.request.Client;
import dev.weir.request.ClientAccess;
import dev.weir.request.RequestContext;

/**
 * Replies to requests for a pool's list of models, and rejects requests for a model that
 * no backend serves.
 */
public final class ModelsFilter implements GlobalFilter, Ordered {

	/** After the filter that asks whether the client may use the pool. */
	static final int ORDER = AuthorizeFilter.ORDER + 1;

	private final PoolResolver pools;

	private final Function<Pool, Mono<SortedSet<String>>> models;

	private final BiFunction<RequestContext, SortedSet<String>, Mono<SortedSet<String>>> visible;

	/**
	 * Creates the filter.
	 * @param pools finds the pool of a request
	 * @param models finds the models of a pool
	 * @param visible leaves out models that do not exist for the client of a request
	 */
	public ModelsFilter(PoolResolver pools, Function<Pool, Mono<SortedSet<String>>> models,
			BiFunction<RequestContext, SortedSet<String>, Mono<SortedSet<String>>> visible) {
		this.visible = visible;
		this.pools = pools;
		this.models = models;
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
		ApiCall call = context.call();
		if (call.path().operation() == Operation.MODELS) {
			return reply(exchange, context, pool);
		}
		Lanes lanes = pool.lanes(call.model());
		if (lanes.isEmpty()) {
			return Mono.error(unknown(call.model(), pool, context));
		}
		return isRefusedForVersion(call.path(), lanes) ? Mono.error(noVersion(pool)) : chain.filter(exchange);
	}

	/** Whether a lane would take the call if it had an {@code api-version}. */
	private static boolean isRefusedForVersion(ApiPath path, Lanes lanes) {
		boolean azureOnly = !path.fitsOpenAi();
		return path.lacksApiVersion() && lanes.taking(azureOnly, true).isEmpty()
				&& !lanes.taking(azureOnly, false).isEmpty();
	}

	private static ApiErrorException noVersion(Pool pool) {
		return new ApiErrorException(new ApiError(400,
				"A path of Azure's classic API needs the query parameter api-version, such as"
						+ " ?api-version=2024-10-21, or a backend with the property api-version in pool " + pool.name()
						+ ". Paths under /openai/v1/ and /v1/ need none.",
				"invalid_request_error", "api-version", "missing_required_parameter"));
	}

	private Mono<Void> reply(ServerWebExchange exchange, RequestContext context, Pool pool) {
		ApiPath path = context.call().path();
		String wanted = path.itemId();
		if (wanted != null) {
			try {
				ClientAccess.check(context.client(), wanted);
			}
			catch (ApiErrorException ex) {
				return Mono.error(ex);
			}
			if (pool.lanes(wanted).isEmpty() || isKeptForOthers(context, wanted)) {
				return Mono.error(unknown(wanted, pool, context));
			}
			return context.loop()
				.deliver(this.visible.apply(context, new TreeSet<>(Set.of(wanted))))
				.flatMap((names) -> names.isEmpty() ? Mono.error(unknown(wanted, pool, context))
						: write(exchange, ModelList.one(wanted, path.dialect())));
		}
		return context.loop()
			.deliver(this.models.apply(pool).flatMap((names) -> this.visible.apply(context, names)))
			.flatMap((names) -> write(exchange, ModelList.of(allowed(names, context), path.dialect())));
	}

	private static SortedSet<String> allowed(SortedSet<String> models, RequestContext context) {
		return models.stream().filter((model) -> mayUse(context, model)).collect(Collectors.toCollection(TreeSet::new));
	}

	private static boolean mayUse(RequestContext context, String model) {
		Client client = context.client();
		return (client == null || client.mayUseModel(model)) && !isKeptForOthers(context, model);
	}

	private static boolean isKeptForOthers(RequestContext context, String model) {
		ClientPriority priority = Client.priorityOf(context.client());
		boolean served = false;
		for (Backend backend : context.pool().backends()) {
			if (backend.serves(model)) {
				if (backend.properties().isFor(priority)) {
					return false;
				}
				served = true;
			}
		}
		return served;
	}

	private static Mono<Void> write(ServerWebExchange exchange, byte[] body) {
		ServerHttpResponse response = exchange.getResponse();
		response.getHeaders().setContentType(MediaType.APPLICATION_JSON);
		response.getHeaders().setContentLength(body.length);
		return response.writeWith(Mono.fromSupplier(() -> response.bufferFactory().wrap(body)));
	}

	private static ApiErrorException unknown(String model, Pool pool, RequestContext context) {
		// not those that a backend for every model has served to other clients
		SortedSet<String> models = allowed(pool.configuredModels(), context);
		String known = models.isEmpty() ? "" : " It has: " + String.join(", ", models) + ".";
		return new ApiErrorException(
				new ApiError(404, "The model '" + model + "' does not exist in pool " + pool.name() + "." + known,
						"invalid_request_error", "model", "model_not_found"));
	}

}
