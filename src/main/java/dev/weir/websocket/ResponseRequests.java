package dev.weir.websocket;

import java.io.IOException;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Predicate;

import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

import dev.weir.affinity.ObjectOwners;
import dev.weir.affinity.Owner;
import dev.weir.backend.Backend;
import dev.weir.backend.Lane;
import dev.weir.backend.Lanes;
import dev.weir.backend.Pool;
import dev.weir.backend.PoolSet;
import dev.weir.backend.Pools;
import dev.weir.failover.AttemptCaller;
import dev.weir.failover.BackendCaller;
import dev.weir.failover.Failover;
import dev.weir.memory.BufferBudget;
import dev.weir.openai.body.RequestBody;
import dev.weir.openai.call.ApiCall;
import dev.weir.openai.call.ApiPath;
import dev.weir.openai.error.ApiError;
import dev.weir.openai.error.ApiErrorException;
import dev.weir.openai.stored.ObjectKind;
import dev.weir.openai.stored.StoredObject;
import dev.weir.reply.RequestResult;
import dev.weir.request.RequestContext;
import dev.weir.response.AttemptResult;
import dev.weir.response.BackendResponse;

/**
 * Makes the requests of the messages of one client in Responses mode: each has a context
 * with the current configuration, and is served by a connected backend, or by one that is
 * connected for it.
 */
final class ResponseRequests {

	private final WebSocketConnector connector;

	private final Shared shared;

	private final RequestContext handshake;

	private final Function<RequestContext, BackendCaller> callers;

	private int count;

	/**
	 * Prepares the requests of a client.
	 * @param connector has what all sockets share
	 * @param shared has what the requests of all clients share
	 * @param handshake the request that opened the WebSocket
	 * @param callers makes the caller that connects a backend for a request
	 */
	ResponseRequests(WebSocketConnector connector, Shared shared, RequestContext handshake,
			Function<RequestContext, BackendCaller> callers) {
		this.connector = connector;
		this.shared = shared;
		this.handshake = handshake;
		this.callers = callers;
	}

	Instant instant() {
		return this.shared.clock().instant();
	}

	BufferBudget.Share openShare() {
		return this.shared.budget().open();
	}

	boolean complete(BackendResponse response, SocketPeer peer) {
		return BackendHandshake.complete(response.takeConnection().channel(), this.connector.decoder(false), peer);
	}

	void onOver(OpenSocket socket) {
		this.connector.open().remove(socket);
	}

	/**
	 * Creates the request of a message.
	 * @param socket the WebSocket of the client
	 * @param message the message
	 * @param bound the connected backend that owns the previous response, or {@code null}
	 * @return the request
	 * @throws ApiErrorException if no backend serves its model
	 */
	RunningResponse create(ResponsesSocket socket, ClientMessage message, @Nullable BackendLink bound) {
		RequestBody body = message.body();
		String named = body.model();
		String model = (named != null) ? named : "";
		PoolSet current = this.shared.pools().current();
		Pool pool = current.get(this.handshake.pool().name());
		pool = (pool != null) ? pool : this.handshake.pool();
		if (pool.lanes(model).isEmpty()) {
			throw new ApiErrorException(
					ApiError.invalid(404, "The model '" + model + "' does not exist in pool " + pool.name() + ".",
							"model", "model_not_found"));
		}
		this.count++;
		RequestContext context = this.handshake.child(this.handshake.id() + "." + this.count);
		context.startLookup(current);
		context.onRouted(pool);
		context.onCallRead(new ApiCall(this.handshake.call().path(), model, RequestBody.of(new byte[0], null), true));
		return new RunningResponse(context, body, bound);
	}

	/**
	 * Makes the attempts of a request.
	 * @param socket the WebSocket of the client
	 * @param request the request
	 * @param previousId the response that it continues, or {@code null}
	 * @return the result
	 */
	Mono<RequestResult> run(ResponsesSocket socket, RunningResponse request, @Nullable String previousId) {
		RequestContext context = request.context();
		AttemptCaller connect = this.shared.failover().reading(this.callers.apply(context));
		AttemptCaller caller = (it) -> attempt(socket, request, connect);
		BackendLink bound = request.bound();
		if (bound != null) {
			return Mono.defer(() -> this.shared.failover()
				.connect(context, only(context, (lane) -> bound.leadsTo(lane.backend())), caller));
		}
		StoredObject previous = StoredObject.of(ObjectKind.RESPONSE, previousId);
		if (previous == null) {
			return Mono.defer(() -> this.shared.failover().connect(context, caller));
		}
		return context.loop()
			.deliver(this.shared.owners().find(List.of(previous)).defaultIfEmpty(Map.of()))
			.flatMap((known) -> {
				List<Owner> owners = known.getOrDefault(previous, List.of());
				Lanes lanes = only(context,
						(lane) -> owners.stream().anyMatch((owner) -> owner.isReachedBy(lane.backend())));
				return lanes.isEmpty() ? this.shared.failover().connect(context, caller)
						: this.shared.failover().connect(context, lanes, caller);
			});
	}

	private static Lanes only(RequestContext context, Predicate<Lane> wanted) {
		ApiPath path = context.call().path();
		return Lanes.of(context.pool()
			.lanes(context.call().model())
			.taking(!path.fitsOpenAi(), path.lacksApiVersion())
			.stream()
			.filter(wanted)
			.toList());
	}

	private static Mono<AttemptResult> attempt(ResponsesSocket socket, RunningResponse request, AttemptCaller connect) {
		BackendLink link = socket.begin(request);
		if (link != null) {
			return link.send(request);
		}
		return connect.call(request.context())
			.flatMap((result) -> result.<Mono<AttemptResult>>match(Mono::just, Mono::just, Mono::just,
					(connected) -> send(socket, request, connected)));
	}

	private static Mono<AttemptResult> send(ResponsesSocket socket, RunningResponse request,
			AttemptResult.Connected connected) {
		if (socket.client().isClosing()) {
			connected.discard();
			return Mono.never();
		}
		BackendLink fresh = socket.add(request.attempt().lane().backend(), (BackendResponse) connected.socket());
		return (fresh != null) ? fresh.send(request)
				: Mono.error(new IOException("The connection ended after the handshake"));
	}

	/**
	 * Remembers which backend has made a response.
	 * @param id the id of the response
	 * @param backend the backend
	 */
	void remember(String id, Backend backend) {
		StoredObject made = StoredObject.of(ObjectKind.RESPONSE, id);
		if (made != null) {
			this.shared.owners().remember(List.of(made), Owner.of(backend));
		}
	}

	/**
	 * What the requests of all clients share.
	 *
	 * @param failover makes the attempts
	 * @param pools the current pools
	 * @param owners knows which backend has made a response
	 * @param budget counts the bytes of messages
	 * @param clock the wall clock, for delays that backends give as a date
	 */
	record Shared(Failover failover, Pools pools, ObjectOwners owners, BufferBudget budget, InstantSource clock) {
	}

}
