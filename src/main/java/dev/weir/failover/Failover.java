package dev.weir.failover;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Locale;
import java.util.function.UnaryOperator;

import org.jspecify.annotations.Nullable;

import reactor.core.publisher.Mono;

import org.springframework.http.server.reactive.ServerHttpResponse;

import dev.weir.openai.call.ApiCall;
import dev.weir.openai.call.Operation;
import dev.weir.openai.error.ApiError;
import dev.weir.openai.error.ApiErrorException;
import dev.weir.openai.body.RequestBody;
import dev.weir.backend.Lanes;
import dev.weir.backend.Pool;
import dev.weir.backend.PoolSet;
import dev.weir.backend.Pools;
import dev.weir.backend.RequestTraits;
import dev.weir.memory.BufferBudget;
import dev.weir.reply.RequestResult;
import dev.weir.request.Binding;
import dev.weir.request.Client;
import dev.weir.request.IssuedKey;
import dev.weir.request.RequestContext;
import dev.weir.response.AttemptResult;
import dev.weir.response.ResponseReader;
import dev.weir.queue.PoolWaitQueues;
import dev.weir.reply.ReplyFactory;
import dev.weir.reply.EarlyReply;

/**
 * Produces the reply to a request: makes the attempts, and writes the head and the body
 * of the reply from their result.
 */
public final class Failover {

	// long bodies are compared by their beginning and their length
	private static final int MAX_FINGERPRINTED = 256 * 1024;

	private final Pools pools;

	private final PoolWaitQueues queues;

	private final ResponseReader reader;

	/**
	 * Creates the failover of all requests.
	 * @param queues the queues in which requests wait for a lane
	 * @param budget counts the bytes of streams that are held back
	 * @param clock the wall clock, for delays that backends give as a date
	 */
	Failover(Pools pools, PoolWaitQueues queues, BufferBudget budget, InstantSource clock) {
		this.pools = pools;
		this.queues = queues;
		this.reader = new ResponseReader(budget, clock);
	}

	/**
	 * Produces the reply to a request.
	 * @param context the request, routed to a pool and read
	 * @param imageDeployment whether its head names a deployment for a tool
	 * @param caller calls the backends
	 * @param client the response of which the head is written
	 * @return completes when the head is written and the context has the
	 * {@linkplain RequestContext#reply() reply}; an error only where no backend is
	 * involved. To be subscribed to on the loop of the request
	 */
	public Mono<Void> run(RequestContext context, boolean imageDeployment, BackendCaller caller,
			ServerHttpResponse client) {
		AttemptLoop loop = begin(context, imageDeployment, new ReadingCaller(caller, this.reader));
		ReplyFactory replies = new ReplyFactory(context, loop::runAgain, client);
		if (EarlyReply.isWanted(context.call(), context.pool().properties())) {
			return new EarlyReply(context, replies).await(loop.run());
		}
		return loop.run()
			.doOnNext((result) -> context.reply(replies.of(result)))
			.then()
			// stops the lookup of the Reactor context here, which each operator repeats
			.contextWrite(UnaryOperator.identity());
	}

	private static Lanes lanes(Pool pool, RequestContext context) {
		ApiCall call = context.call();
		Lanes possible = pool.lanes(call.model()).taking(!call.path().fitsOpenAi(), call.path().lacksApiVersion());
		Lanes all = forClient(possible, context);
		IssuedKey key = context.issuedKey();
		return (key == null) ? all
				: Lanes.of(all.stream().filter((lane) -> key.backends().test(lane.backend())).toList());
	}

	/**
	 * Leaves out backends that are kept for other clients, except one that has what the
	 * request names.
	 */
	private static Lanes forClient(Lanes lanes, RequestContext context) {
		Lanes some = lanes.forPriority(Client.priorityOf(context.client()));
		Binding binding = context.binding();
		if (some == lanes || binding == null || binding.isHome()) {
			return some;
		}
		return lanes.of((backend) -> binding.backends().test(backend)
				|| some.stream().anyMatch((lane) -> lane.backend() == backend));
	}

	/**
	 * The reply to a request that only backends could serve which are kept for others.
	 */
	private static @Nullable ApiErrorException keptForOthers(Pool pool, RequestContext context) {
		ApiCall call = context.call();
		if (pool.lanes(call.model()).taking(!call.path().fitsOpenAi(), call.path().lacksApiVersion()).isEmpty()
				|| context.issuedKey() != null) {
			return null;
		}
		Client client = context.client();
		String serving = "The backends of pool " + pool.name()
				+ (call.model().isEmpty() ? "" : " that serve the model '" + call.model() + "'");
		return new ApiErrorException(ApiError.invalid(403,
				serving + " are kept for other clients than "
						+ ((client != null) ? "'" + client.name() + "', which has the priority "
								+ client.properties().priority().name().toLowerCase(Locale.ROOT) : "this one")
						+ ".",
				null, "priority_not_allowed"));
	}

	private AttemptLoop loop(RequestContext context, AttemptCaller caller) {
		return new AttemptLoop(context, caller, this.queues.of(context.pool()),
				() -> move(context, caller) ? loop(context, caller) : null);
	}

	/**
	 * Moves a request that has made no attempt to the current configuration, if that has
	 * a lane for it and the same route.
	 */
	private boolean move(RequestContext context, AttemptCaller caller) {
		PoolSet current = this.pools.current();
		Pool pool = current.get(context.pool().name());
		if (!context.isOutdated(current) || pool == null) {
			return false;
		}
		Lanes lanes = lanes(pool, context);
		Binding binding = context.binding();
		if (lanes.isEmpty() || (binding != null && lanes.of(binding.backends()).isEmpty()) || !caller.moveTo(current)) {
			return false;
		}
		context.moveTo(current, pool, lanes);
		return true;
	}

	/**
	 * Makes the attempts of a request that opens a WebSocket, or came as a message of
	 * one.
	 * @param context the request, routed to a pool and read
	 * @param caller makes the attempts
	 * @return the result of the attempts; an error only where no backend is involved. To
	 * be subscribed to on the loop of the request
	 */
	public Mono<RequestResult> connect(RequestContext context, AttemptCaller caller) {
		return begin(context, false, caller).run();
	}

	/**
	 * Adds the reading of responses to a caller.
	 * @param caller calls the backends
	 * @return a caller that makes whole attempts
	 */
	public AttemptCaller reading(BackendCaller caller) {
		return new ReadingCaller(caller, this.reader);
	}

	/**
	 * Makes the attempts of a part of a request, which stays with its configuration.
	 * @param part the {@linkplain RequestContext#part part}
	 * @param caller calls the backends
	 * @return the result, of which no reply is made; an error only if no backend is
	 * involved
	 */
	public Mono<RequestResult> runPart(RequestContext part, BackendCaller caller) {
		return new AttemptLoop(part, reading(caller), this.queues.of(part.pool()), () -> null).run();
	}

	private AttemptLoop begin(RequestContext context, boolean imageDeployment, AttemptCaller caller) {
		Pool pool = context.pool();
		ApiCall call = context.call();
		Lanes lanes = lanes(pool, context);
		IssuedKey key = context.issuedKey();
		if (lanes.isEmpty() && key != null) {
			throw new ApiErrorException(ApiError.invalid(401,
					"Backend " + key.issuer() + ", which has issued the" + " ephemeral key, cannot serve this request.",
					null, "invalid_api_key"));
		}
		ApiErrorException others = lanes.isEmpty() ? keptForOthers(pool, context) : null;
		if (others != null) {
			throw others;
		}
		ApiErrorException unknown = lanes.isEmpty() ? UnknownPath.withoutLane(call.path()) : null;
		if (unknown != null) {
			throw unknown;
		}
		context.beginFailover(lanes, traits(context, imageDeployment));
		Binding binding = context.binding();
		if (binding != null && context.failover().candidates().lanes().isEmpty() && !lanes.isEmpty()
				&& !ReasoningDrop.ofOwner(context)) {
			throw BoundReply.notServed(context, binding);
		}
		pool.retryBudget().recordRequest();
		return loop(context, caller);
	}

	private static RequestTraits traits(RequestContext context, boolean imageDeployment) {
		ApiCall call = context.call();
		RequestBody body = call.body();
		return new RequestTraits(call.path().operation(), (body != null) ? body.length() : 0,
				() -> fingerprint(context), imageDeployment, call.path().namesApiVersion(),
				promptKey(call.path().operation(), body));
	}

	/** Only these operations have prompts that a backend may cache. */
	private static long promptKey(Operation operation, @Nullable RequestBody body) {
		boolean cached = operation == Operation.CHAT_COMPLETIONS || operation == Operation.COMPLETIONS
				|| operation == Operation.RESPONSES;
		return (cached && body != null) ? body.promptKey() : 0;
	}

	private static int fingerprint(RequestContext context) {
		RequestBody body = context.call().body();
		if (body == null || context.call().isHandshake()) {
			// nothing in a handshake could be refused but the credential
			return System.identityHashCode(context);
		}
		int hash = body.length();
		for (ByteBuffer bytes : body.bytes()) {
			int end = Math.min(bytes.limit(), MAX_FINGERPRINTED);
			for (int i = 0; i < end; i++) {
				hash = 31 * hash + bytes.get(i);
			}
		}
		return hash;
	}

	/**
	 * Calls a backend and reads its response.
	 *
	 * @param caller calls the backends
	 * @param reader reads their responses
	 */
	private record ReadingCaller(BackendCaller caller, ResponseReader reader) implements AttemptCaller {

		@Override
		public Mono<AttemptResult> call(RequestContext context) {
			return this.caller.call(context).flatMap((response) -> this.reader.read(context, response));
		}

		@Override
		public boolean moveTo(PoolSet next) {
			return this.caller.moveTo(next);
		}

		@Override
		public @Nullable Duration patience() {
			return this.caller.patience();
		}

		@Override
		public boolean hasReplied() {
			return this.caller.hasReplied();
		}

	}

}
