package dev.weir.websocket;

import java.io.ByteArrayOutputStream;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import dev.weir.backend.Backend;
import dev.weir.backend.DurationText;
import dev.weir.backend.Lane;
import dev.weir.backend.Outcome;
import dev.weir.config.PoolProperties;
import dev.weir.memory.BufferBudget;
import dev.weir.openai.error.ApiError;
import dev.weir.openai.error.ApiErrorException;
import dev.weir.openai.error.MalformedRequestException;
import dev.weir.reply.RequestResult;
import dev.weir.request.FailoverState;
import dev.weir.request.RequestContext;
import dev.weir.response.BackendResponse;

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

	private final List<RunningResponse> running = new ArrayList<>(2);

	private final Map<String, BackendLink> responses = new LinkedHashMap<>() {

		@Override
		protected boolean removeEldestEntry(Map.Entry<String, BackendLink> eldest) {
			return size() > MAX_REMEMBERED;
		}

	};

	private final ByteArrayOutputStream message = new ByteArrayOutputStream();

	private final long start;

	private BufferBudget.@Nullable Share share;

	private long offset;

	private boolean text;

	// the backend in the middle of whose message the client is
	private @Nullable BackendLink speaker;

	private @Nullable BackendLink last;

	private boolean draining;

	private boolean over;

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
		if (!this.requests.complete(response, link.peer())) {
			return null;
		}
		this.links.add(link);
		this.last = link;
		return link;
	}

	/**
	 * Begins an attempt on a backend that is connected, if none of a higher tier could
	 * take the request.
	 * @param request the request
	 * @return the link, or {@code null} if another backend must be connected
	 */
	@Nullable BackendLink begin(RunningResponse request) {
		FailoverState failover = request.context().failover();
		int best = Integer.MAX_VALUE;
		for (Lane lane : failover.candidates().lanes()) {
			best = failover.candidates().contains(lane) ? Math.min(best, lane.priority()) : best;
		}
		List<BackendLink> connected = new ArrayList<>(this.links);
		connected.sort(Comparator.comparingInt(BackendLink::count));
		for (BackendLink link : connected) {
			boolean wanted = request.bound() == null || request.bound() == link;
			Lane lane = wanted ? laneOf(link, failover) : null;
			if (lane != null && !link.peer().isClosing() && lane.priority() <= best && failover.tryBegin(lane)) {
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
			if (part.header().isControl()) {
				onControl(part);
				return;
			}
			byte[] payload = part.payload(this.offset);
			this.offset = part.ends() ? 0 : this.offset + payload.length;
			this.text |= part.header().opcode() == FrameHeader.TEXT;
			if (!hasRoom(payload.length)) {
				this.client.close(new CloseReason(1013, "The memory for messages is full"));
				onError(this.client, new FrameException(1013, "a message for which there is no memory"));
				return;
			}
			this.message.writeBytes(payload);
			if (part.ends() && part.header().last()) {
				byte[] whole = this.message.toByteArray();
				boolean isText = this.text;
				BufferBudget.Share held = this.share;
				this.message.reset();
				this.text = false;
				this.share = null;
				onMessage(whole, isText, held);
			}
		}
		finally {
			part.bytes().release();
		}
	}

	private boolean hasRoom(int more) {
		if (this.share == null) {
			this.share = this.requests.openShare();
		}
		return this.share.grow(more);
	}

	/** A ping or a pong passes if it has one receiver; else Weir responds to pings. */
	private void onControl(FramePart part) {
		if (this.links.size() == 1) {
			this.links.get(0).peer().write(part.header().opcode(), part.payload(0));
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
			to.peer().write(isText ? FrameHeader.TEXT : FrameHeader.BINARY, bytes);
			onSent(to);
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
		try {
			BackendLink owner = (read.previousId() != null) ? this.responses.get(read.previousId()) : null;
			BackendLink bound = (owner != null && !owner.peer().isClosing()) ? owner : null;
			RunningResponse request = this.requests.create(this, read, bound);
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
		if (this.speaker == null) {
			this.client.write(FrameHeader.TEXT, error);
			this.client.flush();
		}
		else {
			this.speaker.afterMessage(error);
		}
	}

	private void onResult(RunningResponse request, RequestResult result) {
		result.<Boolean>match((relayed) -> {
			relayed.discard();
			return end(request, 502);
		}, (refused) -> {
			refused.attempt().end(refused.outcome());
			write(ErrorMessage.of(refused.error().status(), refused.error().body()));
			return end(request, refused.error().status());
		}, (exhausted) -> {
			boolean own = exhausted.best() == null;
			write((own || exhausted.best() == null) ? ErrorMessage.of(exhausted.own())
					: ErrorMessage.of(exhausted.best().status(), exhausted.best().body()));
			return end(request, own ? exhausted.own().error().status() : 502);
		}, (connected) -> {
			connected.recordStart(request.context());
			request.context().releaseBody();
			return true;
		});
	}

	private void onFailure(RunningResponse request, Throwable error) {
		if (request.isOver()) {
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
	void onResponseEnd(RunningResponse request, Outcome outcome, int status) {
		request.attempt().end(outcome);
		end(request, status);
	}

	/**
	 * A response broke off after it had begun.
	 * @param request the request
	 */
	void onBroken(RunningResponse request) {
		request.attempt().end(new Outcome.Broken());
		refuse(new ApiErrorException(
				new ApiError(502, "The backend's response broke off.", "server_error", null, "stream_interrupted")));
		end(request, 502);
	}

	private boolean end(RunningResponse request, int status) {
		if (request.end()) {
			this.running.remove(request);
			request.context().release();
			request.context().notifyEnd(status);
			if (this.draining && this.running.isEmpty()) {
				leave();
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
		this.requests.remember(id, link.backend());
	}

	/**
	 * A message was sent to a backend: the client is read as fast as the backend reads.
	 * @param link the backend
	 */
	void onSent(BackendLink link) {
		this.last = link;
		link.peer().flush();
		if (!link.peer().isWritable()) {
			this.client.read(false);
		}
	}

	void onBackendWritable() {
		if (this.links.stream().allMatch((link) -> link.peer().isWritable())) {
			this.client.read(true);
		}
	}

	/**
	 * Whether a backend may send to the client now.
	 * @param link the backend
	 * @return whether the client is not in the middle of another one's message
	 */
	boolean mayPass(BackendLink link) {
		return this.speaker == null || this.speaker == link;
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
		this.speaker = complete ? null : link;
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
			link.peer().read(true);
			if (mayPass(link)) {
				link.passBlocked();
			}
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
	}

	@Override
	public void onClose(SocketPeer from, CloseReason reason) {
		finish("the client closed it with " + reason);
		cancelAll();
		if (this.links.isEmpty()) {
			this.client.respondToClose();
			return;
		}
		this.links.forEach((link) -> link.peer().close(reason));
		this.client.closeLater();
	}

	@Override
	public void onError(SocketPeer from, FrameException error) {
		finish("the client sent " + error.problem());
		cancelAll();
		boolean tooLarge = error.code() == CloseReason.TOO_LARGE;
		this.links.forEach((link) -> link.peer()
			.close(tooLarge ? new CloseReason(CloseReason.TOO_LARGE, error.problem())
					: SocketEnd.of(this.client, error.problem())));
	}

	@Override
	public void onStall(SocketPeer side) {
		onLost("it read nothing for too long");
	}

	@Override
	public void onEnd(SocketPeer side) {
		close(this.share);
		if (!side.isClosedByHandshake()) {
			onLost("its connection broke");
		}
		else {
			finish("the client closed its connection");
			cancelAll();
			this.links.forEach((link) -> link.peer().respondToClose());
		}
	}

	private void onLost(String why) {
		finish("the client vanished");
		cancelAll();
		this.links.forEach((link) -> link.peer().close(SocketEnd.of(this.client, why)));
	}

	private void cancelAll() {
		for (RunningResponse request : List.copyOf(this.running)) {
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
		this.links.remove(link);
		if (this.client.isClosing() && this.links.isEmpty()) {
			this.client.respondToClose();
		}
	}

	/**
	 * A request on a backend was given up, so its connection is of no more use.
	 * @param link the backend
	 */
	void onAbandoned(BackendLink link) {
		this.links.remove(link);
	}

	private void remove(BackendLink link, CloseReason reason) {
		boolean known = this.links.remove(link);
		if (this.last == link) {
			this.last = this.links.isEmpty() ? null : this.links.get(0);
		}
		boolean inside = this.speaker == link;
		this.speaker = inside ? null : this.speaker;
		if (inside || (known && this.links.isEmpty() && this.running.isEmpty())) {
			finish("the backend closed it with " + reason);
			this.client.close(reason);
			this.links.forEach((other) -> other.peer().close(SocketEnd.LEAVING));
		}
	}

	private void finish(String why) {
		if (!this.over) {
			this.over = true;
			logger.info("The WebSocket for responses ended after {}: {} [{}]",
					DurationText.of(Duration.ofNanos(now() - this.start)), why, this.context.id());
			this.requests.onOver(this);
		}
	}

	@Override
	public boolean isOver() {
		return this.over;
	}

	@Override
	public void drain() {
		this.draining = true;
		if (this.running.isEmpty()) {
			leave();
		}
	}

	@Override
	public void leave() {
		finish("Weir stops");
		this.client.close(SocketEnd.LEAVING);
		cancelAll();
		this.links.forEach((link) -> link.peer().close(SocketEnd.LEAVING));
	}

	@Override
	public void run(Runnable task) {
		this.context.loop().execute(task);
	}

}
