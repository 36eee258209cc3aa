package dev.weir.websocket;

import java.time.Duration;
import java.time.Instant;
import java.util.Map;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import dev.weir.backend.Backend;
import dev.weir.backend.DurationText;
import dev.weir.backend.Pool;
import dev.weir.config.PoolProperties;
import dev.weir.memory.BufferBudget;
import dev.weir.openai.error.ApiError;
import dev.weir.openai.error.ApiErrorException;
import dev.weir.openai.error.MalformedRequestException;
import dev.weir.request.RequestContext;
import dev.weir.response.BackendResponse;

/**
 * A client in Responses mode. Its messages name the models, so it may have a WebSocket on
 * each of several backends. Each {@code response.create} is a request of its own, with
 * failover until its first event has decided. Used on the event loop of the client's
 * connection only.
 */
final class ResponsesSocket implements PeerListener, OpenSocket, MessageAssembler.Listener {

	private static final Logger logger = LoggerFactory.getLogger(ResponsesSocket.class);

	private static final String OVERLOADED = "overloaded";

	private final RequestContext context;

	private final ResponseRequests requests;

	private final SocketPeer client;

	private final BackendLinks links;

	private final ClientOutput output;

	private final RunningRequests running;

	private final MessageAssembler incoming;

	private final IdleLimit idle;

	private final long start;

	private boolean draining;

	/** Whether a reload has removed or changed its route. */
	private boolean outdated;

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
		this.links = new BackendLinks(this.client);
		this.output = new ClientOutput(this.client, this.links);
		this.running = new RunningRequests(this.output, this::onRequestEnd);
		this.incoming = new MessageAssembler(requests, context.loop(), this.client, this);
		this.idle = new IdleLimit(context, () -> requests.settings().websocketIdleTimeout(), this::onIdle);
	}

	@Override
	public SocketPeer client() {
		return this.client;
	}

	BackendLinks links() {
		return this.links;
	}

	ClientOutput output() {
		return this.output;
	}

	RunningRequests running() {
		return this.running;
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
		if (!this.requests.complete(response, link.peer())) {
			this.links.remove(link);
			return null;
		}
		return link;
	}

	@Override
	public void onPart(SocketPeer from, FramePart part) {
		try {
			if (this.client.isClosing()) {
				return;
			}
			if (part.header().isControl()) {
				onControl(part);
			}
			else {
				this.incoming.add(part);
			}
		}
		finally {
			part.bytes().release();
		}
	}

	/** A ping or a pong passes if it has one receiver; else Weir responds to pings. */
	private void onControl(FramePart part) {
		BackendLink single = this.links.single();
		if (single != null) {
			single.peer().write(part.header().opcode(), part.payload(0));
			this.links.pauseIfSlow(single);
		}
		else if (part.header().opcode() == FrameHeader.PING) {
			this.output.writePong(part.payload(0));
		}
	}

	/**
	 * A ping or a pong of a backend.
	 * @param from the backend
	 * @param part the frame
	 */
	void onControl(BackendLink from, FramePart part) {
		if (this.links.single() != null) {
			this.output.passControl(part);
			return;
		}
		if (part.header().opcode() == FrameHeader.PING) {
			from.writePong(part.payload(0));
		}
		part.bytes().release();
	}

	@Override
	public void onMessage(byte[] bytes, boolean text, BufferBudget.@Nullable Share held) {
		this.idle.onActivity();
		ClientMessage read = ClientMessage.read(bytes, text);
		if (read.isCreate()) {
			create(read, held);
			return;
		}
		if (read.problem() != null) {
			close(held);
			this.running.refuse(read.problem().toError());
			return;
		}
		BackendLink to = this.links.forMessage(read.responseId());
		if (to != null) {
			to.forward(bytes);
			this.links.onSent(to);
		}
		else {
			refuse(503, "No backend is connected for this message.", "no_backend_connected", Map.of());
		}
		close(held);
	}

	private void create(ClientMessage read, BufferBudget.@Nullable Share held) {
		if (this.draining || this.running.isFull()) {
			close(held);
			refuse(503,
					this.draining ? "The server is stopping; connect again."
							: "More than " + RunningRequests.MAX + " responses are running on this WebSocket.",
					OVERLOADED, Map.of("retry-after", "1", "retry-after-ms", "1000"));
			return;
		}
		Pool pool = this.requests.pool();
		if (pool != null) {
			this.links.discardRemoved(pool);
		}
		try {
			MessageRequest request = this.requests.create(read, this.links.ofResponse(read.previousId()));
			if (request == null) {
				close(held);
				onOutdated(pool != null);
				return;
			}
			if (held != null) {
				request.context().holdBody(held);
			}
			this.running.run(request, this.requests.run(this, request, read.previousId()));
		}
		catch (ApiErrorException ex) {
			close(held);
			this.running.refuse(ex);
		}
		catch (MalformedRequestException ex) {
			close(held);
			this.running.refuse(new ApiErrorException(
					ApiError.invalid(400, ex.getMessage() + ".", ex.param(), "invalid_request_body")));
		}
	}

	/**
	 * A reload has changed how this WebSocket is routed. The responses that run end
	 * first.
	 */
	private void onOutdated(boolean hasPool) {
		refuse(503,
				hasPool ? "The configuration of this route has changed; connect again."
						: "The configuration has no pool " + this.context.pool().name() + " any more; connect again.",
				OVERLOADED, Map.of());
		this.outdated = true;
		closeIfDone();
	}

	private static void close(BufferBudget.@Nullable Share held) {
		if (held != null) {
			held.close();
		}
	}

	private void refuse(int status, String message, String code, Map<String, String> headers) {
		this.running.refuse(new ApiErrorException(new ApiError(status, message, "server_error", null, code), headers));
	}

	@Override
	public void onMessageGivenUp(CloseReason reason) {
		stop("a message was given up: " + reason.text(), reason,
				new CloseReason(CloseReason.GOING_AWAY, "The client was closed: " + reason.text()));
	}

	private void onRequestEnd() {
		this.idle.onActivity();
		closeIfDone();
	}

	private void closeIfDone() {
		if (!this.running.isEmpty()) {
			return;
		}
		if (this.draining) {
			closeNow();
		}
		else if (this.outdated && !this.closed) {
			stop("its route has changed", new CloseReason(CloseReason.RESTART, SocketEnd.RECONFIGURED.text()),
					SocketEnd.RECONFIGURED);
		}
	}

	/** Closes a client that has sent no message for too long, unless a response runs. */
	private void onIdle(Duration time) {
		if (!this.running.isEmpty()) {
			this.idle.onActivity();
			return;
		}
		CloseReason reason = new CloseReason(CloseReason.GOING_AWAY, "No message for " + DurationText.of(time));
		stop("no message for " + DurationText.of(time), reason, reason);
	}

	@Override
	public void onReadComplete(SocketPeer from) {
		this.links.flush();
		this.client.flush();
	}

	@Override
	public void onWritable(SocketPeer side) {
		this.output.resume();
		side.flush();
	}

	@Override
	public void onClose(SocketPeer from, CloseReason reason) {
		finish("the client closed it with " + reason);
		if (this.links.isEmpty()) {
			this.client.respondToClose();
		}
		else {
			// before requests are cancelled, which would close them in another way
			this.links.close(reason);
			this.client.closeLater();
		}
		this.running.cancel();
	}

	@Override
	public void onError(SocketPeer from, FrameException error) {
		finish("the client sent " + error.problem());
		boolean tooLarge = error.code() == CloseReason.TOO_LARGE;
		this.links.close(tooLarge ? new CloseReason(CloseReason.TOO_LARGE, error.problem())
				: SocketEnd.of(this.client, error.problem()));
		this.running.cancel();
	}

	@Override
	public void onStall(SocketPeer side) {
		onLost("it read nothing for too long");
	}

	@Override
	public void onEnd(SocketPeer side) {
		this.incoming.discard();
		if (!side.isClosedByHandshake()) {
			onLost("its connection broke");
		}
		else {
			finish("the client closed its connection");
			this.links.respondToClose();
			this.running.cancel();
		}
	}

	private void onLost(String why) {
		finish("the connection of the client broke");
		this.links.close(SocketEnd.of(this.client, why));
		this.running.cancel();
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
		remove(link, reason, "closed it with " + reason);
	}

	/**
	 * The connection of a backend has failed. If it was the last one, and no request
	 * moves to another, the client is closed with 1014.
	 * @param link the backend
	 * @param why the reason
	 */
	void onLinkBroken(BackendLink link, String why) {
		remove(link, SocketEnd.of(link.peer(), why), "failed: " + why);
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
	 * Weir gives up the connection of a backend.
	 * @param link the backend
	 */
	void onDiscarded(BackendLink link) {
		if (this.output.isInside(link)) {
			onLinkBroken(link, "its response broke off");
		}
		else {
			this.links.remove(link);
		}
	}

	private void remove(BackendLink link, CloseReason reason, String why) {
		boolean last = this.links.remove(link) && this.links.isEmpty() && this.running.isEmpty();
		// the remainder of the message that the client is in the middle of will not come
		if (last || this.output.isInside(link)) {
			stop("backend " + link.backend().name() + " " + why, reason, SocketEnd.OTHER_BACKEND_FAILED);
		}
	}

	private void finish(String why) {
		if (!this.closed) {
			this.closed = true;
			this.idle.stop();
			logger.info("The WebSocket for responses ended after {}: {} [{}]",
					DurationText.of(Duration.ofNanos(now() - this.start)), why, this.context.id());
			this.requests.onClosed(this);
		}
	}

	private void stop(String why, CloseReason forClient, CloseReason forBackends) {
		finish(why);
		this.incoming.discard();
		this.client.close(forClient);
		this.links.close(forBackends);
		this.running.cancel();
	}

	@Override
	public boolean isClosed() {
		return this.closed;
	}

	@Override
	public void drain() {
		this.draining = true;
		closeIfDone();
	}

	@Override
	public void closeNow() {
		stop("Weir stops", SocketEnd.STOPPING, SocketEnd.STOPPING);
	}

	@Override
	public void run(Runnable task) {
		this.context.loop().execute(task);
	}

}
