package dev.weir.websocket;

import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;

import dev.weir.backend.Backend;
import dev.weir.backend.Outcome;
import dev.weir.backend.Pool;
import dev.weir.backend.OutcomeException;
import dev.weir.backend.TimeLimit;
import dev.weir.config.PoolProperties;
import dev.weir.openai.stream.StreamEvent;
import dev.weir.openai.stream.Usage;
import dev.weir.request.RequestLoop;
import dev.weir.response.AttemptResult;
import dev.weir.response.FirstEvent;

/**
 * One backend of a client in Responses mode: its WebSocket and the response that runs on
 * it. A backend runs the responses of one WebSocket one after the other (OpenAI's guide
 * "WebSocket mode"), so each WebSocket gets one request at a time.
 */
final class BackendLink implements PeerListener {

	/** The most bytes of a message that are held to read it. */
	private static final int MAX_HELD = 64 * 1024;

	/** The most bytes that are held before the first content of a response. */
	private static final int MAX_HELD_AT_START = FirstEvent.MAX_HELD;

	/** The most bytes of errors that wait for the end of a message. */
	private static final int MAX_ERRORS = 64 * 1024;

	/** The most pongs that are sent to a backend that does not read. */
	private static final int MAX_PONGS = 500;

	private final ResponsesSocket socket;

	private final Backend backend;

	private final SocketPeer peer;

	private final TurnQueue turns = new TurnQueue();

	private final OtherMessages others = new OtherMessages();

	private final SilenceLimit silence;

	private final List<FramePart> blocked = new ArrayList<>();

	private final List<byte[]> afterMessage = new ArrayList<>();

	private int errorBytes;

	/** How many pongs were sent since the backend has stopped to read. */
	private int unreadPongs;

	private @Nullable MessageRequest running;

	/** Whether Weir gave up the connection: what still arrives is dropped. */
	private boolean discarding;

	private @Nullable MessageReader reader;

	/** Whether the current message is passed on while it arrives. */
	private boolean passing;

	/**
	 * Creates the side of a backend.
	 * @param socket the WebSocket of the client
	 * @param backend the backend
	 * @param idle how long the backend may read nothing
	 */
	BackendLink(ResponsesSocket socket, Backend backend, Duration idle) {
		this.socket = socket;
		this.backend = backend;
		this.peer = new SocketPeer(true, idle, this);
		this.silence = new SilenceLimit(socket, () -> this.running, this::onSilence);
	}

	SocketPeer peer() {
		return this.peer;
	}

	Backend backend() {
		return this.backend;
	}

	/**
	 * Whether it leads to a backend, also after a reload has replaced the object.
	 * @param other the backend
	 * @return whether name, URL and credential are the same
	 */
	boolean leadsTo(Backend other) {
		URI url = this.backend.url();
		return this.backend.name().equals(other.name()) && url.equals(other.url())
				&& this.backend.properties().hasCredentialOf(other.properties());
	}

	/**
	 * Whether a request may be sent now.
	 * @param request the request
	 * @return whether no other one runs here, or waits for its turn before this one
	 */
	boolean isFreeFor(MessageRequest request) {
		return this.running == null && !this.discarding && !this.peer.isClosing() && this.turns.isFreeFor(request);
	}

	/**
	 * Waits until a request that must run on this WebSocket may be sent.
	 * @param request the request
	 * @return completes when it has its turn, or when the connection is of no more use
	 */
	Mono<Void> awaitTurn(MessageRequest request) {
		return this.turns.await(request, this::startTurn);
	}

	private void startTurn() {
		if (this.running == null) {
			this.turns.startFirst();
		}
	}

	/**
	 * Ends the turn of a request.
	 * @param request the request, which has ended, with or without a turn
	 */
	void endTurn(MessageRequest request) {
		if (this.turns.remove(request)) {
			startTurn();
		}
	}

	private void endRequest() {
		this.running = null;
		startTurn();
	}

	/**
	 * Writes a message of the client that is not a request.
	 * @param bytes the message, which is text
	 */
	void forward(byte[] bytes) {
		this.others.onSent();
		this.peer.write(FrameHeader.TEXT, bytes);
	}

	/**
	 * Sends a request, whose attempt has begun, and waits for the first event that
	 * decides about it.
	 * @param request the request
	 * @return the result of the attempt, or an error that can be classified
	 */
	Mono<AttemptResult> send(MessageRequest request) {
		return Mono.create((sink) -> {
			MonoSink<AttemptResult> unused = sink.onCancel(() -> abandon(request));
			request.waitOn(this, sink);
			this.running = request;
			this.others.onRequestSent();
			this.peer.write(FrameHeader.TEXT, request.message());
			this.peer.flush();
			this.socket.links().onSent(this);
			PoolProperties settings = request.context().pool().properties();
			TimeLimit first = TimeLimit.firstEvent(settings);
			request.timer(loop(request).schedule(() -> onFirstEventTimeout(request, first), first.duration()));
			this.silence.start();
		});
	}

	private static RequestLoop loop(MessageRequest request) {
		return request.context().loop();
	}

	private void onFirstEventTimeout(MessageRequest request, TimeLimit first) {
		TimeLimit last = TimeLimit.response(request.context().pool().properties());
		Duration more = last.duration().minus(first.duration());
		if (request.context().failover().canTryAnotherLane() || more.isNegative() || more.isZero()) {
			fail(request, Outcome.Failed.silence(first));
		}
		else {
			request.timer(loop(request).schedule(() -> fail(request, Outcome.Failed.silence(last)), more));
		}
	}

	private void fail(MessageRequest request, Outcome outcome) {
		abandon(request);
		request.fail(new OutcomeException(outcome));
	}

	/**
	 * Gives up a request whose events may still arrive: they are dropped, and the
	 * connection is closed.
	 */
	private void abandon(MessageRequest request) {
		if (this.running == request) {
			this.running = null;
			discard(SocketEnd.GIVEN_UP);
		}
	}

	/**
	 * Closes the connection if the configuration has no such backend any more.
	 * @param pool the current settings of the pool
	 */
	void discardIfRemoved(Pool pool) {
		if (this.running == null && this.turns.isEmpty() && pool.backends().stream().noneMatch(this::leadsTo)) {
			discard(SocketEnd.RECONFIGURED);
		}
	}

	private void discard(CloseReason reason) {
		this.discarding = true;
		this.socket.onDiscarded(this);
		releaseParts();
		this.peer.close(reason);
		this.turns.releaseAll();
	}

	private void releaseParts() {
		if (this.reader != null) {
			this.reader.take().forEach((part) -> part.bytes().release());
			this.reader = null;
		}
		this.blocked.forEach((part) -> part.bytes().release());
		this.blocked.clear();
	}

	@Override
	public void onPart(SocketPeer from, FramePart part) {
		if (this.discarding) {
			part.bytes().release();
			return;
		}
		if (part.header().isControl()) {
			this.socket.onControl(this, part);
			return;
		}
		MessageReader message = (this.reader != null) ? this.reader : new MessageReader();
		this.reader = message;
		boolean complete = part.ends() && part.header().last();
		message.add(part);
		byte[] piece = message.piece();
		if (piece != null && this.running != null) {
			this.running.recordObjects(piece, complete);
		}
		if (!complete && !this.passing && isTooLong(message)) {
			// a message of this length is content
			this.passing = true;
			if (this.running != null) {
				begin(this.running);
			}
		}
		if (complete) {
			boolean passed = this.passing;
			this.reader = null;
			this.passing = false;
			onMessage(message, passed);
		}
		else if (this.passing) {
			pass(message.take());
		}
	}

	private boolean isTooLong(MessageReader message) {
		MessageRequest request = this.running;
		return (request != null && request.isWaiting()) ? message.heldBytes() + request.heldBytes() > MAX_HELD_AT_START
				: message.heldBytes() > MAX_HELD;
	}

	private void onMessage(MessageReader message, boolean passed) {
		ResponseEvent event = ResponseEvent.read(message);
		MessageRequest request = (event != null) ? find(event) : null;
		this.silence.onMessage();
		if (event == null || request == null) {
			pass(message.take());
			return;
		}
		this.silence.onEvent(event.kind() != StreamEvent.Kind.NO_CONTENT);
		String id = event.responseId();
		if (id != null && request.responseId() == null) {
			request.responseId(id);
			this.socket.links().onResponseId(this, id);
		}
		if (message.piece() == null) {
			request.recordObjects(event.type(), message);
		}
		request.count(event.event());
		if (!request.isWaiting() || passed) {
			pass(message.take());
			readEnd(request, event);
			return;
		}
		switch (event.kind()) {
			case ERROR -> refuse(request, event);
			case NO_CONTENT -> hold(request, message);
			case CONTENT, DONE -> {
				begin(request);
				pass(message.take());
				readEnd(request, event);
			}
		}
	}

	/** The request that an event belongs to. */
	private @Nullable MessageRequest find(ResponseEvent event) {
		MessageRequest request = this.running;
		if (request == null) {
			return null;
		}
		String id = event.belongsTo();
		if (id == null) {
			return (event.isErrorMessage() && this.others.take(request, event)) ? null : request;
		}
		if (request.responseId() != null) {
			return id.equals(request.responseId()) ? request : null;
		}
		this.others.onResponseBegin();
		return request;
	}

	private void hold(MessageRequest request, MessageReader message) {
		boolean first = !request.isHolding();
		request.hold(message.take());
		if (request.heldBytes() > MAX_HELD_AT_START) {
			begin(request);
		}
		else if (first) {
			Duration time = request.context().pool().properties().holdSignsOfLife();
			request.timer(loop(request).schedule(() -> {
				begin(request);
				this.socket.output().flush();
			}, time));
		}
	}

	/** Begins the reply: the client gets the events of this backend. */
	private void begin(MessageRequest request) {
		if (request.isWaiting()) {
			List<FramePart> held = request.takeHeld();
			request.decide(new AttemptResult.Connected(new Outcome.Served(200), request));
			pass(held);
		}
	}

	private void refuse(MessageRequest request, ResponseEvent error) {
		error.message().take().forEach((part) -> part.bytes().release());
		request.releaseHeld();
		endRequest();
		request.decide(
				new AttemptResult.ErrorRead(error.classify(request, this.socket.instant()), error.toErrorResponse()));
	}

	private void readEnd(MessageRequest request, ResponseEvent event) {
		if (!event.isLast()) {
			return;
		}
		Usage usage = event.usage();
		if (usage != null) {
			request.attempt().recordUsage(usage);
		}
		endRequest();
		boolean failed = event.kind() == StreamEvent.Kind.ERROR;
		Outcome outcome = failed ? endOf(event.classify(request, this.socket.instant())) : new Outcome.Served(200);
		this.socket.running().onResponseEnd(request, outcome, failed ? 500 : 200);
	}

	/**
	 * The outcome of a response that has begun. A throttled lane is set aside all the
	 * same.
	 */
	private static Outcome endOf(Outcome outcome) {
		return switch (outcome.type()) {
			case THROTTLED, OUT_OF_QUOTA, TOO_LARGE, REJECTED, TOO_LONG, NOT_MINE -> outcome;
			case SERVED, FAILED, DENIED, NO_CREDENTIAL, NOT_SERVED, BROKEN, CANCELLED -> new Outcome.Broken();
		};
	}

	private void pass(List<FramePart> parts) {
		this.blocked.addAll(parts);
		if (!this.socket.output().mayPass(this)) {
			this.peer.read(false);
		}
		else if (!this.blocked.isEmpty()) {
			List<FramePart> all = List.copyOf(this.blocked);
			this.blocked.clear();
			FramePart last = all.get(all.size() - 1);
			this.socket.output().pass(this, all, last.ends() && last.header().last());
		}
	}

	/** Passes on what waited for the message of another backend. */
	void passBlocked() {
		if (!this.blocked.isEmpty()) {
			pass(List.of());
		}
	}

	/**
	 * Writes a message to the client after the current one of this backend.
	 * @param message the message
	 */
	void afterMessage(byte[] message) {
		this.afterMessage.add(message);
		this.errorBytes += message.length;
	}

	/**
	 * Whether more messages of Weir may wait for the end of the current one.
	 * @return whether the client may send messages that could lead to errors
	 */
	boolean takesErrors() {
		return this.errorBytes < MAX_ERRORS;
	}

	/**
	 * The messages that wait for the end of the current one.
	 * @return the messages, owned by the caller
	 */
	List<byte[]> takeAfterMessage() {
		List<byte[]> taken = List.copyOf(this.afterMessage);
		this.afterMessage.clear();
		this.errorBytes = 0;
		return taken;
	}

	/**
	 * Responds to a ping of the backend. It is not read any more once it has left too
	 * many pongs unread. For other reasons it is read while it does not read, since it
	 * may read only after it has sent its response.
	 * @param payload the payload of the ping
	 */
	void writePong(byte[] payload) {
		this.peer.write(FrameHeader.PONG, payload);
		this.peer.flush();
		if (this.peer.isWritable()) {
			this.unreadPongs = 0;
			return;
		}
		this.unreadPongs++;
		if (!readsPongs()) {
			this.socket.output().read(this);
		}
	}

	boolean readsPongs() {
		return this.unreadPongs < MAX_PONGS;
	}

	private void onSilence() {
		fail("it sent nothing for too long");
		discard(SocketEnd.GIVEN_UP);
	}

	private void fail(String why) {
		MessageRequest request = this.running;
		this.running = null;
		if (request != null && request.isWaiting()) {
			request.fail(new OutcomeException(new Outcome.Failed(Outcome.Failure.CONNECTION,
					"a WebSocket that ended before the first event (" + why + ")", null)));
		}
		else if (request != null) {
			this.socket.running().onBroken(request);
		}
	}

	@Override
	public void onReadComplete(SocketPeer from) {
		this.socket.output().flush();
	}

	@Override
	public void onWritable(SocketPeer side) {
		this.unreadPongs = 0;
		this.socket.output().read(this);
		this.socket.links().readClient();
	}

	@Override
	public void onClose(SocketPeer from, CloseReason reason) {
		fail("the backend closed it with " + reason);
		this.socket.onLinkClosed(this, reason);
		this.turns.releaseAll();
	}

	@Override
	public void onError(SocketPeer from, FrameException error) {
		fail(error.problem());
		this.socket.onLinkBroken(this, error.problem());
		this.turns.releaseAll();
	}

	@Override
	public void onStall(SocketPeer side) {
		fail("it read nothing for too long");
		this.socket.onLinkBroken(this, "it read nothing for too long");
		this.turns.releaseAll();
	}

	@Override
	public void onEnd(SocketPeer side) {
		this.silence.stop();
		releaseParts();
		fail("its connection broke");
		if (side.isClosedByHandshake()) {
			this.socket.onLinkEnd(this);
		}
		else {
			this.socket.onLinkBroken(this, "its connection broke");
		}
		this.turns.releaseAll();
	}

}
