package dev.weir.websocket;

import java.security.cert.X509Certificate;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;

import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

import org.springframework.http.HttpHeaders;
import org.springframework.http.server.reactive.ServerHttpRequest;

import dev.weir.affinity.ObjectAffinity;
import dev.weir.backend.Pool;
import dev.weir.backend.Pools;
import dev.weir.config.WeirProperties;
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
import dev.weir.openai.stored.IdShape;
import dev.weir.reply.ObjectRecorder;
import dev.weir.reply.RequestResult;
import dev.weir.request.Binding;
import dev.weir.request.Client;
import dev.weir.request.ClientCertificate;
import dev.weir.request.RequestContext;
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

	private final Function<RequestContext, @Nullable BackendCaller> callers;

	private final HttpHeaders headers;

	private final @Nullable X509Certificate certificate;

	private int count;

	/**
	 * Prepares the requests of a client.
	 * @param connector has what all sockets share
	 * @param shared has what the requests of all clients share
	 * @param handshake the request that opened the WebSocket
	 * @param callers gives a request the current configuration, and makes the caller that
	 * connects a backend for it; {@code null} if the route has changed
	 * @param request the request of the handshake
	 */
	ResponseRequests(WebSocketConnector connector, Shared shared, RequestContext handshake,
			Function<RequestContext, @Nullable BackendCaller> callers, ServerHttpRequest request) {
		this.connector = connector;
		this.shared = shared;
		this.handshake = handshake;
		this.callers = callers;
		this.headers = request.getHeaders();
		this.certificate = ClientCertificate.of(request);
	}

	Instant instant() {
		return this.shared.clock().instant();
	}

	/**
	 * Opens a share for a message that the client is sending.
	 * @param onEvicted is run on the event loop if the memory was needed for others
	 * @return the share
	 */
	BufferBudget.Share openShare(Runnable onEvicted) {
		return this.shared.budget()
			.openUpload(this.handshake.competingClient(), () -> this.handshake.loop().execute(onEvicted));
	}

	boolean complete(BackendResponse response, SocketPeer peer) {
		return BackendHandshake.complete(response.takeConnection().channel(),
				this.connector.decoder(false, this.handshake.competingClient()), peer);
	}

	void onClosed(OpenSocket socket) {
		this.connector.open().remove(socket);
	}

	/**
	 * The current settings of the pool of the client.
	 * @return the pool, or {@code null} if a reload has removed it
	 */
	@Nullable Pool pool() {
		return this.shared.pools().current().get(this.handshake.pool().name());
	}

	WeirProperties settings() {
		return this.shared.pools().current().properties();
	}

	/**
	 * Creates the request of a message.
	 * @param message the message
	 * @param bound the connected backend that owns the previous response, or {@code null}
	 * @return the request, or {@code null} if a reload has removed the pool, or has
	 * changed the route or the default filters, which only the handshake passes
	 * @throws ApiErrorException if no backend serves its model, or the client may not use
	 * it any more or exceeds a limit
	 */
	@Nullable MessageRequest create(ClientMessage message, @Nullable BackendLink bound) {
		RequestContext context = this.handshake.child(this.handshake.id() + "." + (this.count + 1));
		BackendCaller caller = this.callers.apply(context);
		Pool pool = (caller != null) ? context.configuration().get(this.handshake.pool().name()) : null;
		if (caller == null || pool == null) {
			return null;
		}
		ApiPath path = this.handshake.call().path();
		IdShape objects = Objects.requireNonNull(path.storedOperation()).request();
		RequestBody body = RequestBody.of(message.bytes(), "application/json", objects, false);
		String named = body.model();
		String model = (named != null) ? named : "";
		ApiCall call = new ApiCall(path, model, body, true);
		Client client = this.shared.access().identify(this.headers, this.certificate, pool.name(), call);
		if (pool.lanes(model).isEmpty()) {
			throw new ApiErrorException(
					ApiError.invalid(404, "The model '" + model + "' does not exist in pool " + pool.name() + ".",
							"model", "model_not_found"));
		}
		this.count++;
		context.identify(client);
		context.onRouted(pool);
		context.onCallRead(call);
		this.shared.access().reserve(context);
		return new MessageRequest(context, caller, bound, ObjectRecorder.of(call));
	}

	/**
	 * Makes the attempts of a request.
	 * @param socket the WebSocket of the client
	 * @param request the request
	 * @param previousId the response that it continues, or {@code null}
	 * @return the result
	 */
	Mono<RequestResult> run(ResponsesSocket socket, MessageRequest request, @Nullable String previousId) {
		RequestContext context = request.context();
		AttemptCaller caller = new MessageCaller(socket, request, this.shared.failover().reading(request.caller()));
		Mono<RequestResult> attempts = Mono.defer(() -> this.shared.failover().connect(context, caller));
		BackendLink bound = request.bound();
		StoredObject previous = StoredObject.of(ObjectKind.RESPONSE, previousId);
		Mono<Void> ready;
		if (bound != null && previous != null) {
			context.bind(new Binding(bound::leadsTo, bound.backend().name(), List.of(previous), (backend) -> {
			}));
			Mono<Void> checked = this.shared.affinity().checkContinued(context, bound.backend(), previous);
			Mono<Void> turn = bound.awaitTurn(request);
			ready = (checked != null) ? checked.then(turn) : turn;
		}
		else {
			ready = this.shared.affinity().bind(context, this.headers);
		}
		return (ready != null) ? ready.then(attempts) : attempts;
	}

	/**
	 * What the requests of all clients share.
	 *
	 * @param access whether a message is allowed
	 * @param failover makes the attempts
	 * @param pools the current pools
	 * @param affinity binds a request to the backend that stores its objects
	 * @param budget counts the bytes of messages
	 * @param clock the wall clock, for delays that backends give as a date
	 */
	record Shared(MessageAccess access, Failover failover, Pools pools, ObjectAffinity affinity, BufferBudget budget,
			InstantSource clock) {
	}

}
