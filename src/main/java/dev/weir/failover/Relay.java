package dev.weir.failover;

import java.time.Duration;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.FluxSink;
import reactor.core.publisher.Operators;

import dev.weir.backend.Attempt;
import dev.weir.backend.Outcome;
import dev.weir.request.BrokenResponseException;

/**
 * Brings an answer from a backend to the client: no faster than the client reads, no
 * later than it comes, and never so that a part looks like the whole. Ends the attempt,
 * once, with what it came to.
 */
abstract sealed class Relay implements BodyReader permits ByteRelay, EventRelay {

	private static final Logger logger = LoggerFactory.getLogger(Relay.class);

	private final SerialExecutor turn;

	private final Watch watch;

	private UpstreamBody body;

	private Attempt attempt;

	private Outcome outcome;

	private @Nullable FluxSink<byte[]> sink;

	private long passed;

	// buffers; the sink's own count leaves out what is on its way
	private long wanted;

	private long written;

	// before, it is not known how long the backend may be silent
	private boolean started;

	private boolean over;

	Relay(Ending.Answering answering, Timing timing, SerialExecutor turn) {
		this.turn = turn;
		this.watch = new Watch(timing, turn, this::silent);
		this.body = answering.start().body();
		this.attempt = answering.attempt();
		this.outcome = answering.outcome();
	}

	/**
	 * The answer's bytes. To be subscribed to once.
	 * @return the bytes, with an error at their end if they are not all
	 */
	Flux<byte[]> bytes() {
		// not push, which hears of the first request only
		return Flux.create((to) -> {
			this.sink = to.onCancel(() -> this.turn.execute(this::cancelled))
				.onRequest((count) -> this.turn.execute(() -> wanted(count)));
			this.turn.execute(this::begin);
		});
	}

	/**
	 * Lets go of an answer, whether or not its bytes have been asked for. Without effect
	 * once it has ended.
	 * @param why what the attempt comes to that way
	 */
	void discard(Outcome why) {
		this.turn.execute(() -> {
			if (stop()) {
				this.attempt.end(why);
			}
		});
	}

	private void begin() {
		if (!this.over) {
			safely(this::start);
			this.started = true;
			readOn();
		}
	}

	/** What nobody foresaw ends the answer, for without more words nobody would. */
	private void safely(Runnable step) {
		try {
			step.run();
		}
		catch (RuntimeException ex) {
			logger.error("The answer of {} cannot be relayed", this.attempt.lane().backend(), ex);
			this.attempt.end(new Outcome.Cancelled());
			abort();
		}
	}

	private void cancelled() {
		// a client that has all it waits for may close before the end is told
		Outcome why = isComplete(this.passed) ? this.outcome : new Outcome.Cancelled();
		if (stop()) {
			this.attempt.end(why);
		}
	}

	private void wanted(long count) {
		this.wanted = Operators.addCap(this.wanted, count);
		pull();
	}

	private void pull() {
		if (this.started && !this.over && isReading() && this.wanted > this.written) {
			this.watch.begin(patience());
			this.body.more();
		}
	}

	@Override
	public final void bytes(byte[] bytes) {
		this.watch.pause();
		if (!this.over) {
			safely(() -> take(bytes));
			pull();
		}
	}

	@Override
	public final void end(@Nullable Throwable error) {
		this.watch.pause();
		if (this.over) {
			return;
		}
		if (error != null && !isComplete(this.passed)) {
			broken(error.toString());
		}
		else {
			safely(() -> finish(error == null));
		}
	}

	private void silent() {
		if (this.over) {
			return;
		}
		// a backend may keep its connection open behind the last that there is to say
		if (isComplete(this.passed)) {
			safely(() -> finish(false));
		}
		else {
			broken("it fell silent");
		}
	}

	/** Ends the attempt because of what its backend did. */
	final void broken(String why) {
		logger.warn("The answer of {} broke off after {} bytes: {}", this.attempt.lane().backend(), this.passed, why);
		this.watch.pause();
		// its end may be here already, and would look like a good one
		this.body.release();
		this.body.dispose();
		this.attempt.end(new Outcome.Broken());
		breakOff();
	}

	/** Goes on with another answer in place of one that broke off. */
	final void replace(Ending.Answering answering) {
		this.body = answering.start().body();
		this.attempt = answering.attempt();
		this.outcome = answering.outcome();
		this.attempt.answering();
	}

	final void readOn() {
		if (!this.over && isReading()) {
			this.body.read(this);
			pull();
		}
	}

	final void write(byte[] bytes) {
		if (this.sink != null && bytes.length > 0) {
			this.passed += bytes.length;
			this.written++;
			this.sink = this.sink.next(bytes);
		}
	}

	/**
	 * Whether the client reads.
	 * @return whether it has asked for more than was written
	 */
	final boolean isWanted() {
		return this.wanted > this.written;
	}

	/** Ends an answer that is whole. */
	final void complete() {
		if (stop()) {
			this.attempt.end(this.outcome);
			if (this.sink != null) {
				this.sink.complete();
			}
		}
	}

	/** Ends an answer that is not whole, so that nobody can take it for one that is. */
	final void abort() {
		if (stop() && this.sink != null) {
			this.sink.error(BrokenResponseException.afterStart());
		}
	}

	private boolean stop() {
		boolean first = !this.over;
		this.over = true;
		this.watch.stop();
		if (first) {
			this.body.dispose();
			stopped();
		}
		return first;
	}

	final boolean isOver() {
		return this.over;
	}

	final SerialExecutor turn() {
		return this.turn;
	}

	final Attempt attempt() {
		return this.attempt;
	}

	/** Writes what has come before. */
	abstract void start();

	/** Writes what there is to write of some bytes. */
	abstract void take(byte[] bytes);

	/**
	 * The backend's answer is complete.
	 * @param clean whether the backend has ended it, too
	 */
	abstract void finish(boolean clean);

	/** The backend's answer broke off; the attempt has ended. */
	abstract void breakOff();

	/** Whether a backend is to be read from at the moment. */
	boolean isReading() {
		return true;
	}

	/** Whether the client has all there is, though the backend has not said so. */
	abstract boolean isComplete(long bytes);

	/** How long the backend may be silent at the moment. */
	abstract Duration patience();

	/** Lets go of what only the answer in progress needs. */
	void stopped() {
		// usually there is nothing
	}

}
