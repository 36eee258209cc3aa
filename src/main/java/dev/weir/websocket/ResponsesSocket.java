package dev.weir.websocket;

import java.io.ByteArrayOutputStream;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.Disposable;

import dev.weir.backend.Backend;
import dev.weir.backend.DurationText;
import dev.weir.backend.Lane;
import dev.weir.backend.Outcome;
import dev.weir.backend.Pool;
import dev.weir.config.PoolProperties;
import dev.weir.memory.BufferBudget;
import dev.weir.openai.error.ApiError;
import dev.weir.openai.error.ApiErrorException;
import dev.weir.openai.error.MalformedRequestException;
import dev.weir.reply.RequestResult;
import dev.weir.request.FailoverState;
import dev.weir.request.RequestContext;
import dev.weir.response.BackendResponse;
import dev.weir.response.ErrorResponse;

/**
 * A client in Responses mode. Its messages name the models, so it may have a WebSocket on
 * each of several backends. Each {@code response.create} is a request of its own, with
 * failover until its first event has decided. Used on the event loop of the client's
 * connection only.
 */
final class ResponsesSocket implements PeerListener, OpenSocket {

	private static final Logger logger = LoggerFactory.getLogger(ResponsesSocket.class);

	/** The most responses that the client may refer to. */
	private static final int MAX_REMEMBERED = 1000;

	/** The most requests of a client that run at once. */
	private static final int MAX_RUNNING = 64;

	private static final String OVERLOADED = "overloaded";

	private final RequestContext context;

	private final ResponseRequests requests;

	private final SocketPeer client;

	private final List<BackendLink> links = new ArrayList<>(2);

	private final List<MessageRequest> running = new ArrayList<>(2);

	private final Map<String, BackendLink> responses = new LinkedHashMap<>() {

		@Override
		protected boolean removeEldestEntry(Map.Entry<String, BackendLink> eldest) {
			return size() > MAX_REMEMBERED;
		}

	};

	private final ByteArrayOutputStream message = new ByteArrayOutputStream();

	private final long start;

	private BufferBudget.@Nullable Share share;

	/** How many messages of the client have ended. */
	private int messages;

	private @Nullable Disposable pauseTimer;

	private long offset;

	private boolean text;

	// the backend in the middle of whose message the client is
	private @Nullable BackendLink sender;

	private @Nullable BackendLink last;

	private boolean draining;

	private boolean closed;

	/**
	 * Creates a socket without a backend.
	 * @param context the request of the handshake
	 * @param requests makes the requests of its messages
	 */
	ResponsesSocket(RequestContext context, ResponseRequests requests) {
		this.context = context;
		this.requests = requests;
		this.start = context.ticker().read();
		this.client = new SocketPeer(false, settings().streamIdleTimeout(), this);
	}

	@Override
	public SocketPeer client() {
		return this.client;
	}

	RequestContext context() {
		return this.context;
	}

	PoolProperties settings() {
		return this.context.pool().properties();
	}

	long now() {
		return this.context.ticker().read();
	}

	Instant instant() {
		return this.requests.instant();
	}

	/**
	 * Adds a connected backend.
	 * @param backend the backend
	 * @param response its response to the handshake
	 * @return the link, or {@code null} if the connection has ended in the meantime
	 */
	@Nullable BackendLink add(Backend backend, BackendResponse response) {
		BackendLink link = new BackendLink(this, backend, settings().streamIdleTimeout());
		// before its first frames, which may have come with the handshake
		this.links.add(link);
		this.last = link;
		if (!this.requests.complete(response, link.peer())) {
			forget(link);
			return null;
		}
		return link;
	}

	/**
	 * Begins an attempt on a backend that is connected, if none of a higher tier could
	 * take the request.
	 * @param request the request
	 * @return the link, or {@code null} if another backend must be connected
	 */
	@Nullable BackendLink begin(MessageRequest request) {
		FailoverState failover = request.context().failover();
		int best = Integer.MAX_VALUE;
		for (Lane lane : failover.candidates().lanes()) {
			best = failover.candidates().contains(lane) ? Math.min(best, lane.priority()) : best;
		}
		for (BackendLink link : List.copyOf(this.links)) {
			boolean wanted = request.bound() == null || request.bound() == link;
			Lane lane = wanted ? laneOf(link, failover) : null;
			if (lane != null && link.isFreeFor(request) && lane.priority() <= best && failover.tryBegin(lane)) {
				request.attempt().onSendStart();
				logger.info("Sending a response.create to {} on its open WebSocket (attempt {}) [{}]",
						lane.backend().name(), failover.attempts().count(), request.context().id());
				return link;
			}
		}
		return null;
	}

	private static @Nullable Lane laneOf(BackendLink link, FailoverState failover) {
		for (Lane lane : failover.candidates().lanes()) {
			if (link.leadsTo(lane.backend()) && failover.candidates().contains(lane)) {
				return lane;
			}
		}
		return null;
	}

	@Override
	public void onPart(SocketPeer from, FramePart part) {
		try {
			if (this.client.isClosing()) {
				return;
			}
			if (part.header().isControl()) {
				onControl(part);
				return;
			}
			byte[] payload = part.payload(this.offset);
			this.offset = part.ends() ? 0 : this.offset + payload.length;
			this.text |= part.header().opcode() == FrameHeader.TEXT;
			if (!hasRoom(payload.length)) {
				giveUpMessage(CloseReason.TRY_AGAIN, "The memory for messages is full");
				return;
			}
			this.message.writeBytes(payload);
			if (part.ends() && part.header().last()) {
				byte[] whole = this.message.toByteArray();
				boolean isText = this.text;
				BufferBudget.Share held = this.share;
				boolean kept = held == null || held.complete();
				endMessage();
				if (kept) {
					onMessage(whole, isText, held);
				}
				else {
					giveUpMessage(CloseReason.TRY_AGAIN, "The memory for messages is full");
				}
			}
		}
		finally {
			part.bytes().release();
		}
	}

	private boolean hasRoom(int more) {
		BufferBudget.Share current = this.share;
		if (current == null) {
			int number = this.messages;
			current = this.requests.openShare(() -> {
				if (this.messages == number) {
					giveUpMessage(CloseReason.TRY_AGAIN, "The memory for messages is full");
				}
			});
			this.share = current;
			limitPause(0);
		}
		return current.grow(more);
	}

	private void limitPause(int before) {
		Duration timeout = this.requests.bodyTimeout();
		this.pauseTimer = this.context.loop().schedule(() -> {
			if (this.message.size() > before || !this.client.isReading()) {
				limitPause(this.message.size());
			}
			else {
				giveUpMessage(CloseReason.POLICY_VIOLATION, "The message did not arrive in time");
			}
		}, timeout);
	}

	private void endMessage() {
		this.messages++;
		this.message.reset();
		this.text = false;
		this.share = null;
		if (this.pauseTimer != null) {
			this.pauseTimer.dispose();
			this.pauseTimer = null;
		}
	}

	/** Closes both sides in the middle of a message of the client. */
	private void giveUpMessage(int code, String why) {
		close(this.share);
		endMessage();
		this.client.close(new CloseReason(code, why));
		onError(this.client, new FrameException(code, "a message that was given up: " + why));
	}

	/** A ping or a pong passes if it has one receiver; else Weir responds to pings. */
	private void onControl(FramePart part) {
		if (this.links.size() == 1) {
			this.links.get(0).peer().write(part.header().opcode(), part.payload(0));
			pauseIfBackendSlow(this.links.get(0));
		}
		else if (part.header().opcode() == FrameHeader.PING) {
			this.client.write(FrameHeader.PONG, part.payload(0));
			pauseIfSlow();
		}
	}

	/**
	 * A ping or a pong of a backend.
	 * @param from the backend
	 * @param part the frame
	 */
	void onControl(BackendLink from, FramePart part) {
		if (this.links.size() == 1) {
			this.client.write(part);
			pauseIfSlow();
			return;
		}
		if (part.header().opcode() == FrameHeader.PING) {
			from.peer().write(FrameHeader.PONG, part.payload(0));
			from.peer().flush();
		}
		part.bytes().release();
	}

	private void onMessage(byte[] bytes, boolean isText, BufferBudget.@Nullable Share held) {
		ClientMessage read = isText ? ClientMessage.read(bytes) : new ClientMessage("", null, null, bytes);
		if (read.isCreate()) {
			create(read, held);
			return;
		}
		BackendLink named = (read.responseId() != null) ? this.responses.get(read.responseId()) : null;
		BackendLink to = (named != null && !named.peer().isClosing()) ? named : this.last;
		if (to != null) {
			to.forward(isText ? FrameHeader.TEXT : FrameHeader.BINARY, bytes);
			onSent(to);
		}
		else {
			refuse(new ApiErrorException(new ApiError(503, "No backend is connected for this message.", "server_error",
					null, "no_backend_connected")));
		}
		if (held != null) {
			held.close();
		}
	}

	private void create(ClientMessage read, BufferBudget.@Nullable Share held) {
		if (this.draining || this.running.size() >= MAX_RUNNING) {
			close(held);
			refuse(new ApiErrorException(new ApiError(503,
					this.draining ? "The server is stopping; connect again."
							: "More than " + MAX_RUNNING + " responses are running on this WebSocket.",
					"server_error", null, OVERLOADED), Map.of("retry-after", "1", "retry-after-ms", "1000")));
			return;
		}
		Pool pool = this.requests.pool();
		if (pool == null) {
			close(held);
			refuse(new ApiErrorException(new ApiError(503,
					"The configuration has no pool " + this.context.pool().name() + " any more; connect again.",
					"server_error", null, OVERLOADED)));
			finish("its pool was removed");
			stop(new CloseReason(CloseReason.RESTART, "The configuration has changed"));
			return;
		}
		List.copyOf(this.links).forEach((link) -> link.discardIfRemoved(pool));
		try {
			BackendLink owner = (read.previousId() != null) ? this.responses.get(read.previousId()) : null;
			BackendLink bound = (owner != null && !owner.peer().isClosing()) ? owner : null;
			MessageRequest request = this.requests.create(read, pool, bound);
			if (held != null) {
				request.context().holdBody(held);
			}
			this.running.add(request);
			request.runs(this.requests.run(this, request, read.previousId())
				.subscribe((result) -> onResult(request, result), (error) -> onFailure(request, error)));
		}
		catch (ApiErrorException ex) {
			close(held);
			refuse(ex);
		}
		catch (MalformedRequestException ex) {
			close(held);
			refuse(new ApiErrorException(
					ApiError.invalid(400, ex.getMessage() + ".", ex.param(), "invalid_request_body")));
		}
	}

	private static void close(BufferBudget.@Nullable Share held) {
		if (held != null) {
			held.close();
		}
	}

	private void refuse(ApiErrorException error) {
		write(ErrorMessage.of(error));
	}

	private void write(byte[] error) {
		// not inside the message of a backend
		if (this.sender == null) {
			this.client.write(FrameHeader.TEXT, error);
			this.client.flush();
		}
		else {
			this.sender.afterMessage(error);
		}
	}

	private void onResult(MessageRequest request, RequestResult result) {
		result.<Boolean>match((relayed) -> {
			relayed.discard();
			return end(request, 502);
		}, (refused) -> {
			refused.attempt().end(refused.outcome());
			write(ErrorMessage.of(refused.error().status(), refused.error().body(), Map.of()));
			return end(request, refused.error().status());
		}, (exhausted) -> {
			ErrorResponse best = exhausted.best();
			write((best == null) ? ErrorMessage.of(exhausted.own())
					: ErrorMessage.of(best.status(), best.body(), exhausted.own().headers()));
			return end(request, (best == null) ? exhausted.own().error().status() : best.status());
		}, (connected) -> {
			connected.recordStart(request.context());
			request.releaseBody();
			return true;
		});
	}

	private void onFailure(MessageRequest request, Throwable error) {
		if (request.isClosed()) {
			return;
		}
		if (error instanceof ApiErrorException own) {
			refuse(own);
			end(request, own.error().status());
			return;
		}
		logger.error("A response.create failed [{}]", request.context().id(), error);
		refuse(new ApiErrorException(ApiError.internal()));
		end(request, 500);
	}

	/**
	 * The last event of a response was passed on.
	 * @param request the request
	 * @param outcome the outcome of its attempt
	 * @param status the status for metrics
	 */
	void onResponseEnd(MessageRequest request, Outcome outcome, int status) {
		request.attempt().end(outcome);
		end(request, status);
	}

	/**
	 * A response broke off after it had begun.
	 * @param request the request
	 */
	void onBroken(MessageRequest request) {
		request.attempt().end(new Outcome.Broken());
		refuse(new ApiErrorException(
				new ApiError(502, "The backend's response broke off.", "server_error", null, "stream_interrupted")));
		end(request, 502);
	}

	private boolean end(MessageRequest request, int status) {
		if (request.end()) {
			this.running.remove(request);
			if (request.bound() != null) {
				request.bound().endTurn(request);
			}
			request.context().release();
			request.context().notifyEnd(status);
			if (this.draining && this.running.isEmpty()) {
				closeNow();
			}
		}
		return true;
	}

	/**
	 * A response has an id.
	 * @param link the backend that serves it
	 * @param id the id
	 */
	void onResponseId(BackendLink link, String id) {
		this.responses.put(id, link);
	}

	/**
	 * A message was sent to a backend: the client is read as fast as the backend reads.
	 * @param link the backend
	 */
	void onSent(BackendLink link) {
		this.last = link;
		link.peer().flush();
		pauseIfBackendSlow(link);
	}

	private void pauseIfBackendSlow(BackendLink link) {
		if (!link.peer().isWritable()) {
			link.peer().flush();
			readClient();
		}
	}

	/** Reads the client if all backends read what it sends. */
	void readClient() {
		this.client.read(this.links.stream().allMatch((link) -> link.peer().isWritable()));
	}

	/**
	 * Whether a backend may send to the client now.
	 * @param link the backend
	 * @return whether the client is not in the middle of another one's message
	 */
	boolean mayPass(BackendLink link) {
		return this.sender == null || this.sender == link;
	}

	/**
	 * Passes frames to the client.
	 * @param link the backend that sent them
	 * @param parts the frames
	 * @param complete whether they end a message
	 */
	void pass(BackendLink link, List<FramePart> parts, boolean complete) {
		for (FramePart part : parts) {
			this.client.write(part);
		}
		this.sender = complete ? null : link;
		if (complete) {
			link.takeAfterMessage().forEach((error) -> this.client.write(FrameHeader.TEXT, error));
		}
		pauseIfSlow();
		if (complete && !isClientSlow()) {
			resume();
		}
	}

	private void resume() {
		for (BackendLink link : List.copyOf(this.links)) {
			if (mayPass(link)) {
				link.passBlocked();
			}
			// what was passed may have filled the client's buffer again, or have begun a
			// message that others must wait for
			link.peer().read(!isClientSlow() && mayPass(link));
		}
	}

	boolean isClientSlow() {
		return !this.client.isWritable();
	}

	private void pauseIfSlow() {
		if (isClientSlow()) {
			this.client.flush();
			boolean writable = this.client.isWritable();
			for (BackendLink link : this.links) {
				link.peer().read(writable && mayPass(link));
			}
		}
	}

	@Override
	public void onReadComplete(SocketPeer from) {
		this.links.forEach((link) -> link.peer().flush());
		this.client.flush();
	}

	@Override
	public void onWritable(SocketPeer side) {
		resume();
		side.flush();
	}

	@Override
	public void onClose(SocketPeer from, CloseReason reason) {
		finish("the client closed it with " + reason);
		if (this.links.isEmpty()) {
			this.client.respondToClose();
		}
		else {
			closeLinks(reason);
			this.client.closeLater();
		}
		cancelAll();
	}

	/** Before requests are cancelled, which would close their links in another way. */
	private void closeLinks(CloseReason reason) {
		List.copyOf(this.links).forEach((link) -> link.peer().close(reason));
	}

	@Override
	public void onError(SocketPeer from, FrameException error) {
		finish("the client sent " + error.problem());
		boolean tooLarge = error.code() == CloseReason.TOO_LARGE;
		closeLinks(tooLarge ? new CloseReason(CloseReason.TOO_LARGE, error.problem())
				: SocketEnd.of(this.client, error.problem()));
		cancelAll();
	}

	@Override
	public void onStall(SocketPeer side) {
		onLost("it read nothing for too long");
	}

	@Override
	public void onEnd(SocketPeer side) {
		close(this.share);
		endMessage();
		if (!side.isClosedByHandshake()) {
			onLost("its connection broke");
		}
		else {
			finish("the client closed its connection");
			List.copyOf(this.links).forEach((link) -> link.peer().respondToClose());
			cancelAll();
		}
	}

	private void onLost(String why) {
		finish("the connection of the client broke");
		closeLinks(SocketEnd.of(this.client, why));
		cancelAll();
	}

	private void cancelAll() {
		for (MessageRequest request : List.copyOf(this.running)) {
			request.dispose();
			end(request, RequestContext.CLIENT_LEFT);
		}
	}

	/**
	 * A backend has closed its WebSocket. If it was the last one, the client is closed in
	 * the same way.
	 * @param link the backend
	 * @param reason its code and text
	 */
	void onLinkClosed(BackendLink link, CloseReason reason) {
		if (this.client.isClosing()) {
			this.client.respondToClose();
			return;
		}
		link.peer().close(reason);
		remove(link, reason);
	}

	/**
	 * The connection of a backend has failed. If it was the last one, and no request
	 * moves to another, the client is closed with 1014.
	 * @param link the backend
	 * @param why the reason
	 */
	void onLinkBroken(BackendLink link, String why) {
		remove(link, SocketEnd.of(link.peer(), why));
	}

	/**
	 * The connection of a backend has ended after a close frame.
	 * @param link the backend
	 */
	void onLinkEnd(BackendLink link) {
		forget(link);
		if (this.client.isClosing() && this.links.isEmpty()) {
			this.client.respondToClose();
		}
	}

	/**
	 * Weir gives up the connection of a backend.
	 * @param link the backend
	 */
	void onDiscarded(BackendLink link) {
		if (this.sender == link) {
			// the client is in the middle of a message whose remainder will not arrive
			remove(link, new CloseReason(CloseReason.BAD_GATEWAY, "The backend failed: its response broke off"));
		}
		else {
			forget(link);
		}
	}

	private boolean forget(BackendLink link) {
		boolean known = this.links.remove(link);
		if (this.last == link) {
			this.last = this.links.isEmpty() ? null : this.links.get(0);
		}
		readClient();
		return known;
	}

	private void remove(BackendLink link, CloseReason reason) {
		boolean known = forget(link);
		boolean inside = this.sender == link;
		this.sender = inside ? null : this.sender;
		if (inside || (known && this.links.isEmpty() && this.running.isEmpty())) {
			finish("the backend closed it with " + reason);
			this.client.close(reason);
			this.links.forEach((other) -> other.peer().close(SocketEnd.STOPPING));
		}
	}

	private void finish(String why) {
		if (!this.closed) {
			this.closed = true;
			logger.info("The WebSocket for responses ended after {}: {} [{}]",
					DurationText.of(Duration.ofNanos(now() - this.start)), why, this.context.id());
			this.requests.onClosed(this);
		}
	}

	@Override
	public boolean isClosed() {
		return this.closed;
	}

	@Override
	public void drain() {
		this.draining = true;
		if (this.running.isEmpty()) {
			closeNow();
		}
	}

	@Override
	public void closeNow() {
		finish("Weir stops");
		stop(SocketEnd.STOPPING);
	}

	private void stop(CloseReason reason) {
		this.client.close(reason);
		closeLinks(reason);
		cancelAll();
	}

	@Override
	public void run(Runnable task) {
		this.context.loop().execute(task);
	}

}
