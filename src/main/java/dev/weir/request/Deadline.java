package dev.weir.request;

import java.time.Duration;

import com.github.benmanes.caffeine.cache.Ticker;

/**
 * The time that a request has left. It starts when the request has been read or, if the
 * body is streamed to a backend, when the body has ended: the time the client takes to
 * send is not counted. Used on the request's loop only.
 */
public final class Deadline {

	private final Duration limit;

	private final Ticker ticker;

	private long start;

	private boolean uploading;

	Deadline(Duration limit, Ticker ticker) {
		this.limit = limit;
		this.ticker = ticker;
		this.start = ticker.read();
	}

	/**
	 * Returns a deadline with another limit that began at the same time.
	 * @param changed the other limit
	 * @return the deadline
	 */
	Deadline with(Duration changed) {
		Deadline deadline = new Deadline(changed, this.ticker);
		deadline.start = this.start;
		deadline.uploading = this.uploading;
		return deadline;
	}

	/** Pauses the deadline while the client's body is streamed to a backend. */
	public void pauseForUpload() {
		this.uploading = true;
	}

	/** Starts the time after {@link #pauseForUpload()}; otherwise without effect. */
	public void resumeAfterUpload() {
		if (this.uploading) {
			this.start = this.ticker.read();
			this.uploading = false;
		}
	}

	/** Starts the time again, when a reply that began in time is resumed. */
	public void restart() {
		this.start = this.ticker.read();
	}

	/**
	 * The time that the request has taken so far.
	 * @return the time since the start
	 */
	public Duration elapsed() {
		return Duration.ofNanos(this.ticker.read() - this.start);
	}

	/**
	 * The time left.
	 * @return the limit minus the elapsed time; negative after the deadline
	 */
	public Duration left() {
		return this.uploading ? this.limit : this.limit.minus(elapsed());
	}

	/**
	 * Whether the deadline ends the request no later than another limit would, so that
	 * the other limit needs no timer.
	 * @param other a time from now
	 * @return whether the deadline comes first, or at the same time
	 */
	public boolean endsWithin(Duration other) {
		return left().compareTo(other) <= 0;
	}

}
