package dev.weir.websocket;

import java.util.ArrayList;
import java.util.List;

import org.jspecify.annotations.Nullable;
import reactor.core.Disposable;
import reactor.core.publisher.MonoSink;

import dev.weir.backend.Attempt;
import dev.weir.failover.BackendCaller;
import dev.weir.openai.body.RequestBody;
import dev.weir.openai.stream.StreamEvent;
import dev.weir.reply.ObjectRecorder;
import dev.weir.request.RequestContext;
import dev.weir.request.Reservation;
import dev.weir.response.AttemptResult;

/**
 * One {@code response.create} of a client, from its arrival to the end of its response:
 * one request, with its own context and attempts.
 */
final class MessageRequest implements Disposable {

	private final RequestContext context;

	private final BackendCaller caller;

	private final @Nullable BackendLink bound;

	private final @Nullable ObjectRecorder objects;

	// the backend that it was sent to last
	private @Nullable BackendLink link;

	// waits for the first event of the current attempt
	private @Nullable MonoSink<AttemptResult> waiting;

	private @Nullable Disposable failover;

	private @Nullable Disposable timer;

	private final List<FramePart> held = new ArrayList<>(1);

	private long heldBytes;

	private @Nullable String responseId;

	private boolean closed;

	/**
	 * Creates the state of a request.
	 * @param context its context, with the message as the body of its call
	 * @param caller connects a backend for it
	 * @param bound the backend that must serve it, or {@code null}
	 * @param objects records the objects that its response names, or {@code null}
	 */
	MessageRequest(RequestContext context, BackendCaller caller, @Nullable BackendLink bound,
			@Nullable ObjectRecorder objects) {
		this.context = context;
		this.caller = caller;
		this.bound = bound;
		this.objects = objects;
	}

	RequestContext context() {
		return this.context;
	}

	BackendCaller caller() {
		return this.caller;
	}

	@Nullable BackendLink bound() {
		return this.bound;
	}

	@Nullable BackendLink link() {
		return this.link;
	}

	Attempt attempt() {
		return this.context.failover().attempts().requireCurrent();
	}

	/**
	 * The message with the name of the deployment.
	 * @return the message for the backend of the current attempt
	 */
	byte[] message() {
		RequestBody message = this.context.call().body();
		if (message == null) {
			throw new IllegalStateException("The message was released");
		}
		String deployment = attempt().lane().deployment();
		boolean unchanged = this.context.call().model().isEmpty() || deployment.equals(message.model());
		return ClientMessage.joined(unchanged ? message.bytes() : message.withModel(deployment));
	}

	/** Releases the message: the response has begun, so it is not sent again. */
	void releaseBody() {
		this.context.releaseBody();
	}

	/**
	 * Records the objects that an event names.
	 * @param type its type, or {@code null}
	 * @param message the event, complete and kept
	 */
	void recordObjects(@Nullable String type, MessageReader message) {
		if (this.objects != null) {
			this.objects.onMessage(type, message::bytes, attempt());
		}
	}

	/**
	 * Records the objects that the next piece of a long event names, before it is passed
	 * on.
	 * @param piece the bytes
	 * @param end whether the event ends with it
	 */
	void recordObjects(byte[] piece, boolean end) {
		if (this.objects != null) {
			this.objects.onPiece(piece, end, attempt());
		}
	}

	/**
	 * Counts the tokens of an event, if those of the client are limited.
	 * @param event the event
	 */
	void count(StreamEvent event) {
		Reservation reservation = this.context.reservation();
		if (reservation != null) {
			reservation.onEvent(attempt(), event);
		}
	}

	void runs(Disposable attempts) {
		this.failover = attempts;
	}

	void waitOn(BackendLink sentTo, MonoSink<AttemptResult> sink) {
		this.link = sentTo;
		this.waiting = sink;
		this.responseId = null;
	}

	/**
	 * Whether no event has decided about the current attempt.
	 * @return whether another lane may still serve the request
	 */
	boolean isWaiting() {
		return this.waiting != null;
	}

	void timer(@Nullable Disposable next) {
		if (this.timer != null) {
			this.timer.dispose();
		}
		this.timer = next;
	}

	/** Holds an event that shows no more than that the backend is alive. */
	void hold(List<FramePart> parts) {
		this.held.addAll(parts);
		parts.forEach((part) -> this.heldBytes += part.bytes().readableBytes());
	}

	long heldBytes() {
		return this.heldBytes;
	}

	List<FramePart> takeHeld() {
		List<FramePart> taken = List.copyOf(this.held);
		this.held.clear();
		this.heldBytes = 0;
		return taken;
	}

	boolean isHolding() {
		return !this.held.isEmpty();
	}

	@Nullable String responseId() {
		return this.responseId;
	}

	void responseId(String id) {
		this.responseId = id;
	}

	/** Ends the wait for the first event with a result. */
	void decide(AttemptResult result) {
		MonoSink<AttemptResult> sink = this.waiting;
		this.waiting = null;
		timer(null);
		if (sink != null) {
			sink.success(result);
		}
	}

	/** Ends the wait for the first event with an error that can be classified. */
	void fail(Throwable error) {
		MonoSink<AttemptResult> sink = this.waiting;
		this.waiting = null;
		timer(null);
		releaseHeld();
		if (sink != null) {
			sink.error(error);
		}
	}

	void releaseHeld() {
		takeHeld().forEach((part) -> part.bytes().release());
	}

	/**
	 * Records the end.
	 * @return whether it had not ended before
	 */
	boolean end() {
		boolean first = !this.closed;
		this.closed = true;
		timer(null);
		releaseHeld();
		return first;
	}

	boolean isClosed() {
		return this.closed;
	}

	/** Stops the attempts, because the client has left. */
	@Override
	public void dispose() {
		this.waiting = null;
		if (this.failover != null) {
			this.failover.dispose();
		}
		this.context.release();
	}

}
