package dev.weir.reply;

import java.time.Duration;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.FluxSink;
import reactor.core.publisher.Operators;

import dev.weir.request.BrokenResponseException;
import dev.weir.backend.Attempt;
import dev.weir.backend.DurationText;
import dev.weir.backend.Outcome;
import dev.weir.request.Reply;
import dev.weir.request.RequestContext;
import dev.weir.request.RequestLoop;
import dev.weir.response.ResponseBody;
import dev.weir.response.BodyReader;
import reactor.core.publisher.Mono;

import org.springframework.http.server.reactive.ServerHttpResponse;

/**
 * Relays a backend's response to the body of a reply: bytes are read as fast as the
 * client reads, written as soon as they arrive, and a part never looks like a complete
 * reply. Ends the attempt, once, with its outcome. Used on the loop of the request only.
 */
abstract sealed class Relay implements Reply, BodyReader permits ByteRelay, EventRelay {

	private static final Logger logger = LoggerFactory.getLogger(Relay.class);

	private final RequestContext context;

	private final RequestLoop loop;

	private final SilenceTimer silence;

	private ResponseBody body;

	private Attempt attempt;

	private Outcome outcome;

	private @Nullable FluxSink<byte[]> sink;

	private long writtenBytes;

	// counted in buffers; the sink's own count does not include those that are scheduled
	private long requestedBuffers;

	private long writtenBuffers;

	// before the start, the limit for silence is not known
	private boolean started;

	private boolean reading;

	private boolean over;

	Relay(RequestContext context, Attempt attempt, Outcome outcome, ResponseBody body) {
		this.context = context;
		this.loop = context.loop();
		this.silence = new SilenceTimer(this.loop, context.ticker(), this::onSilence);
		this.body = body;
		this.attempt = attempt;
		this.outcome = outcome;
	}

	@Override
	public final Mono<Void> writeTo(ServerHttpResponse response) {
		return PacedWriter.write(response, bytes());
	}

	/**
	 * The bytes of the reply. To be subscribed to once.
	 * @return the bytes, with an error at their end if the response is not complete
	 */
	final Flux<byte[]> bytes() {
		// not push, which calls onRequest for the first request only
		return Flux.create((to) -> {
			this.sink = to.onCancel(() -> this.loop.execute(this::onCancel))
				.onRequest((count) -> this.loop.execute(() -> onRequest(count)));
			this.loop.execute(this::begin);
		});
	}

	@Override
	public final void discard(Outcome why) {
		if (stop()) {
			this.attempt.end(why);
		}
	}

	private void begin() {
		if (!this.over) {
			safely(this::start);
			this.started = true;
			readOn();
		}
	}

	/** An unexpected error ends the reply, which would otherwise never end. */
	private void safely(Runnable step) {
		try {
			step.run();
		}
		catch (RuntimeException ex) {
			logger.error("The response of {} cannot be relayed", this.attempt.lane().backend(), ex);
			this.attempt.end(new Outcome.Cancelled());
			abort();
		}
	}

	private void onCancel() {
		// a client that has the complete reply may close the connection before its end
		Outcome why = isComplete(this.writtenBytes) ? this.outcome : new Outcome.Cancelled();
		discard(why);
	}

	private void onRequest(long count) {
		this.requestedBuffers = Operators.addCap(this.requestedBuffers, count);
		if (!this.reading) {
			pull();
		}
	}

	private void pull() {
		if (this.started && !this.over && isReading() && this.requestedBuffers > this.writtenBuffers) {
			this.silence.begin(patience());
			this.body.more();
		}
	}

	@Override
	public final void onBytes(byte[] bytes) {
		this.silence.pause();
		if (!this.over) {
			this.reading = true;
			safely(() -> relay(bytes));
			this.reading = false;
			pull();
		}
	}

	@Override
	public final void onEnd(@Nullable Throwable error) {
		this.silence.pause();
		if (this.over) {
			return;
		}
		if (error != null && !isComplete(this.writtenBytes)) {
			breakOff(error.toString());
		}
		else {
			safely(() -> finish(error == null));
		}
	}

	private void onSilence(Duration limit) {
		if (this.over) {
			return;
		}
		// a backend may keep its connection open after its response is complete
		if (isComplete(this.writtenBytes)) {
			safely(() -> finish(false));
		}
		else {
			breakOff("no bytes for " + DurationText.of(limit));
		}
	}

	/** Ends the attempt, because its backend broke off the response. */
	final void breakOff(String why) {
		logger.warn("The response of {} broke off after {} bytes: {}", this.attempt.lane().backend(), this.writtenBytes,
				why);
		this.silence.pause();
		// the end may have arrived already, and would look like a regular one
		this.body.release();
		this.body.dispose();
		this.attempt.end(new Outcome.Broken());
		onBreak();
	}

	/** Continues with another response after one that broke off. */
	final void replace(RequestResult.Relayed other) {
		this.body = other.start().body();
		this.attempt = other.attempt();
		this.outcome = other.outcome();
		other.recordStart(this.context);
	}

	final void readOn() {
		if (!this.over && isReading()) {
			this.body.read(this);
			pull();
		}
	}

	final void write(byte[] bytes) {
		if (this.sink != null && bytes.length > 0) {
			this.writtenBytes += bytes.length;
			this.writtenBuffers++;
			this.sink = this.sink.next(bytes);
		}
	}

	/**
	 * Whether the client reads.
	 * @return whether it has asked for more than was written
	 */
	final boolean hasDemand() {
		return this.requestedBuffers > this.writtenBuffers;
	}

	/** Ends a reply that is complete. */
	final void complete() {
		if (stop()) {
			this.attempt.end(this.outcome);
			if (this.sink != null) {
				this.sink.complete();
			}
		}
	}

	/** Ends a reply that is not complete, so that the client notices it. */
	final void abort() {
		if (stop() && this.sink != null) {
			this.sink.error(BrokenResponseException.afterStart());
		}
	}

	private boolean stop() {
		boolean first = !this.over;
		this.over = true;
		this.silence.stop();
		if (first) {
			this.body.dispose();
			onStop();
		}
		return first;
	}

	final boolean isOver() {
		return this.over;
	}

	final Attempt attempt() {
		return this.attempt;
	}

	/** Writes the beginning of the response. */
	abstract void start();

	/** Writes bytes of the response, as far as they can be written now. */
	abstract void relay(byte[] bytes);

	/**
	 * The response is complete.
	 * @param clean whether the backend has ended it, too
	 */
	abstract void finish(boolean clean);

	/** The response broke off; the attempt has ended. */
	abstract void onBreak();

	/** Whether the response may be read now. */
	boolean isReading() {
		return true;
	}

	/**
	 * Whether the client has the complete reply, even if the backend has not ended it.
	 */
	abstract boolean isComplete(long bytes);

	/** How long the backend may be silent now. */
	abstract Duration patience();

	/** The relay has stopped, regardless of the reason. */
	void onStop() {
		// nothing to release by default
	}

}
