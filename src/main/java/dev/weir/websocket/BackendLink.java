package dev.weir.websocket;

import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

import org.jspecify.annotations.Nullable;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

import dev.weir.backend.Backend;
import dev.weir.backend.Outcome;
import dev.weir.backend.Pool;
import dev.weir.backend.OutcomeException;
import dev.weir.backend.RequestTraits;
import dev.weir.backend.TimeLimit;
import dev.weir.classify.AttemptFacts;
import dev.weir.classify.ErrorFacts;
import dev.weir.classify.OutcomeClassifier;
import dev.weir.config.PoolProperties;
import dev.weir.openai.call.Operation;
import dev.weir.openai.stream.StreamEvent;
import dev.weir.openai.stream.Usage;
import dev.weir.request.RequestLoop;
import dev.weir.response.AttemptResult;
import dev.weir.response.ErrorResponse;

/**
 * One backend of a client in Responses mode: its WebSocket and the response that runs on
 * it. A backend runs the responses of one WebSocket one after the other (OpenAI's guide
 * "WebSocket mode"), so each WebSocket gets one request at a time.
 */
final class BackendLink implements PeerListener {

	/** The most bytes of a message that are held to read it. */
	private static final int MAX_HELD = 64 * 1024;

	/** The most bytes that are held before the first content of a response. */
	private static final int MAX_HELD_AT_START = 1024 * 1024;

	private static final String ERROR = "error";

	private final ResponsesSocket socket;

	private final Backend backend;

	private final SocketPeer peer;

	/** Requests that must run on this WebSocket, in order; the first one has its turn. */
	private final List<Turn> turns = new ArrayList<>(1);

	private final List<FramePart> blocked = new ArrayList<>();

	private final List<byte[]> afterMessage = new ArrayList<>();

	private @Nullable MessageRequest running;

	/** Other messages of the client to which the backend may still respond. */
	private int unanswered;

	/** How many of them were sent before the current request. */
	private int unansweredBefore;

	/** Whether Weir gave up the connection: what still arrives is dropped. */
	private boolean discarding;

	private @Nullable MessageReader reader;

	/** Whether the current message is passed on while it arrives. */
	private boolean passing;

	private @Nullable Disposable silence;

	private long lastEvent;

	private boolean thinking;

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
		return this.running == null && !this.discarding && !this.peer.isClosing()
				&& (this.turns.isEmpty() || this.turns.get(0).request() == request);
	}

	/**
	 * Waits until a request that must run on this WebSocket may be sent.
	 * @param request the request
	 * @return completes when it has its turn, or when the connection is of no more use
	 */
	Mono<Void> awaitTurn(MessageRequest request) {
		return Mono.create((sink) -> {
			this.turns.add(new Turn(request, sink));
			startTurn();
		});
	}

	private void startTurn() {
		if (this.running == null && !this.turns.isEmpty()) {
			this.turns.get(0).start().success();
		}
	}

	/**
	 * Ends the turn of a request.
	 * @param request the request, which has ended, with or without a turn
	 */
	void endTurn(MessageRequest request) {
		if (this.turns.removeIf((turn) -> turn.request() == request)) {
			startTurn();
		}
	}

	private void endTurns() {
		List<Turn> all = List.copyOf(this.turns);
		this.turns.clear();
		all.forEach((turn) -> turn.start().success());
	}

	private void endRequest() {
		this.running = null;
		startTurn();
	}

	/**
	 * Writes a message of the client that is not a request.
	 * @param opcode the kind of frame
	 * @param bytes the message
	 */
	void forward(int opcode, byte[] bytes) {
		this.unanswered++;
		this.peer.write(opcode, bytes);
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
			this.unansweredBefore = this.unanswered;
			this.peer.write(FrameHeader.TEXT, request.message());
			this.peer.flush();
			this.socket.onSent(this);
			PoolProperties settings = request.context().pool().properties();
			TimeLimit first = TimeLimit.firstEvent(settings);
			request.timer(loop(request).schedule(() -> onFirstEventTimeout(request, first), first.duration()));
			startSilence();
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
			discard();
		}
	}

	/**
	 * Closes the connection if the configuration has no such backend any more.
	 * @param pool the current settings of the pool
	 */
	void discardIfRemoved(Pool pool) {
		if (this.running == null && this.turns.isEmpty() && pool.backends().stream().noneMatch(this::leadsTo)) {
			discard();
		}
	}

	private void discard() {
		this.discarding = true;
		this.socket.onDiscarded(this);
		releaseParts();
		this.peer.close(new CloseReason(CloseReason.GOING_AWAY, ""));
		endTurns();
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
		int limit = (this.running != null && this.running.isWaiting()) ? MAX_HELD_AT_START : MAX_HELD;
		if (!complete && !this.passing && message.heldBytes() > limit) {
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

	private void onMessage(MessageReader message, boolean passed) {
		StreamEvent event = message.event();
		ObjectNode json = (event != null) ? event.toJson() : null;
		MessageRequest request = (event != null && json != null) ? find(event, json) : null;
		this.lastEvent = this.socket.now();
		if (event == null || json == null || request == null) {
			pass(message.take());
			return;
		}
		this.thinking = event.kind() == StreamEvent.Kind.NO_CONTENT;
		String id = text(json.path("response").path("id"));
		if (id != null && request.responseId() == null) {
			request.responseId(id);
			this.socket.onResponseId(this, id);
		}
		request.recordObjects(event);
		if (!request.isWaiting() || passed) {
			pass(message.take());
			readEnd(request, event, json, message);
			return;
		}
		switch (event.kind()) {
			case ERROR -> refuse(request, json, message);
			case NO_CONTENT -> hold(request, message);
			case CONTENT, DONE -> {
				begin(request);
				pass(message.take());
				readEnd(request, event, json, message);
			}
		}
	}

	private @Nullable MessageRequest find(StreamEvent event, JsonNode json) {
		String named = text(json.path("response").path("id"));
		String id = (named != null) ? named : text(json.path("response_id"));
		MessageRequest request = this.running;
		if (request == null) {
			return null;
		}
		if (id != null) {
			boolean begins = request.responseId() == null;
			this.unanswered -= begins ? this.unansweredBefore : 0;
			this.unansweredBefore = begins ? 0 : this.unansweredBefore;
			return (begins || id.equals(request.responseId())) ? request : null;
		}
		if (ERROR.equals(event.type()) && isAboutAnotherMessage(request, json)) {
			this.unanswered--;
			this.unansweredBefore = Math.max(0, this.unansweredBefore - 1);
			return null;
		}
		return request;
	}

	/** An error without an id may be the response to a message that is not a request. */
	private boolean isAboutAnotherMessage(MessageRequest request, JsonNode json) {
		if (request.responseId() != null || !request.isWaiting()) {
			return this.unanswered > 0;
		}
		int status = json.path("status").asInt(0);
		return this.unansweredBefore > 0 && (status == 400 || status == 404 || status == 409);
	}

	private static @Nullable String text(JsonNode node) {
		return node.isString() ? node.stringValue() : null;
	}

	private void hold(MessageRequest request, MessageReader message) {
		boolean first = !request.isHolding();
		request.hold(message.take());
		if (first) {
			Duration time = request.context().pool().properties().holdSignsOfLife();
			request.timer(loop(request).schedule(() -> {
				begin(request);
				this.socket.client().flush();
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

	private void refuse(MessageRequest request, ObjectNode json, MessageReader message) {
		message.take().forEach((part) -> part.bytes().release());
		request.releaseHeld();
		endRequest();
		Outcome outcome = classify(request, json, message);
		int status = json.path("status").asInt(0);
		request.decide(new AttemptResult.ErrorRead(outcome,
				new ErrorResponse((status >= 400) ? status : 400, Map.of(), message.bytes(), null)));
	}

	private Outcome classify(MessageRequest request, ObjectNode json, MessageReader message) {
		Map<String, String> headers = new HashMap<>();
		json.path("headers")
			.forEachEntry((name, value) -> headers.put(name.toLowerCase(Locale.ROOT), value.asString("")));
		RequestTraits traits = new RequestTraits(Operation.RESPONSES, message.bytes().length,
				() -> System.identityHashCode(request), false, false);
		OutcomeClassifier classifier = new OutcomeClassifier(request.context().pool().properties().cooldown(),
				AttemptFacts.of(request.attempt(), traits));
		JsonNode failed = json.path("response").path(ERROR);
		byte[] body = failed.isObject() ? ("{\"error\":" + failed + "}").getBytes(StandardCharsets.UTF_8)
				: message.bytes();
		int status = json.path("status").asInt(0);
		return classifier.classify(ErrorFacts.of((status >= 400) ? status : 200, headers::get, body),
				this.socket.instant());
	}

	private void readEnd(MessageRequest request, StreamEvent event, ObjectNode json, MessageReader message) {
		Usage usage = event.usage();
		String type = String.valueOf(event.type());
		boolean failed = event.kind() == StreamEvent.Kind.ERROR;
		boolean last = failed || switch (type) {
			case "response.completed", "response.incomplete", "response.cancelled", "response.done" -> true;
			default -> false;
		};
		if (!last) {
			return;
		}
		if (usage != null) {
			request.attempt().recordUsage(usage);
		}
		endRequest();
		Outcome outcome = failed ? endOf(classify(request, json, message)) : new Outcome.Served(200);
		this.socket.onResponseEnd(request, outcome, failed ? 500 : 200);
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
		if (!this.socket.mayPass(this)) {
			this.peer.read(false);
		}
		else if (!this.blocked.isEmpty()) {
			List<FramePart> all = List.copyOf(this.blocked);
			this.blocked.clear();
			FramePart last = all.get(all.size() - 1);
			this.socket.pass(this, all, last.ends() && last.header().last());
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
	}

	/**
	 * The messages that wait for the end of the current one.
	 * @return the messages, owned by the caller
	 */
	List<byte[]> takeAfterMessage() {
		List<byte[]> taken = List.copyOf(this.afterMessage);
		this.afterMessage.clear();
		return taken;
	}

	private void startSilence() {
		this.lastEvent = this.socket.now();
		this.thinking = true;
		if (this.silence == null) {
			scheduleSilence(this.socket.settings().streamIdleTimeout());
		}
	}

	private void scheduleSilence(Duration delay) {
		this.silence = this.socket.context().loop().schedule(this::checkSilence, delay);
	}

	private void checkSilence() {
		this.silence = null;
		MessageRequest request = this.running;
		if (request == null || this.peer.isEnded()) {
			return;
		}
		PoolProperties settings = this.socket.settings();
		Duration limit = this.thinking ? settings.responseTimeout() : settings.streamIdleTimeout();
		Duration silent = Duration.ofNanos(this.socket.now() - this.lastEvent);
		if (request.isWaiting() || this.socket.isClientSlow()) {
			scheduleSilence(settings.streamIdleTimeout());
		}
		else if (silent.compareTo(limit) >= 0) {
			fail("it sent nothing for too long");
			discard();
		}
		else {
			scheduleSilence(limit.minus(silent));
		}
	}

	private void fail(String why) {
		MessageRequest request = this.running;
		this.running = null;
		if (request != null && request.isWaiting()) {
			request.fail(new OutcomeException(new Outcome.Failed(Outcome.Failure.CONNECTION,
					"a WebSocket that ended before the first event (" + why + ")", null)));
		}
		else if (request != null) {
			this.socket.onBroken(request);
		}
	}

	@Override
	public void onReadComplete(SocketPeer from) {
		this.socket.client().flush();
	}

	@Override
	public void onWritable(SocketPeer side) {
		this.socket.readClient();
	}

	@Override
	public void onClose(SocketPeer from, CloseReason reason) {
		fail("the backend closed it with " + reason);
		this.socket.onLinkClosed(this, reason);
		endTurns();
	}

	@Override
	public void onError(SocketPeer from, FrameException error) {
		fail(error.problem());
		this.socket.onLinkBroken(this, error.problem());
		endTurns();
	}

	@Override
	public void onStall(SocketPeer side) {
		fail("it read nothing for too long");
		this.socket.onLinkBroken(this, "it read nothing for too long");
		endTurns();
	}

	@Override
	public void onEnd(SocketPeer side) {
		if (this.silence != null) {
			this.silence.dispose();
		}
		releaseParts();
		fail("its connection broke");
		if (side.isClosedByHandshake()) {
			this.socket.onLinkEnd(this);
		}
		else {
			this.socket.onLinkBroken(this, "its connection broke");
		}
		endTurns();
	}

	/**
	 * A request that must run on this WebSocket.
	 *
	 * @param request the request
	 * @param start completes when it may be sent
	 */
	private record Turn(MessageRequest request, MonoSink<Void> start) {
	}

}
