package dev.weir.request;

import java.time.Duration;

import com.github.benmanes.caffeine.cache.Ticker;

/**
 * How much time a request has left. The time begins when the request has been read, or,
 * where its body passes to a backend as it comes, when that body has ended: how long a
 * client takes to send is the client's choice. Used on the request's loop only.
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

	/** Stops the time: the client is still sending while a backend gets the body. */
	public void pauseForUpload() {
		this.uploading = true;
	}

	/** Begins the time after {@link #pauseForUpload()}; else without effect. */
	public void resumeAfterUpload() {
		if (this.uploading) {
			this.start = this.ticker.read();
			this.uploading = false;
		}
	}

	/** Begins the time anew: a reply that had begun in time is continued. */
	public void restart() {
		this.start = this.ticker.read();
	}

	/**
	 * The time that all attempts have taken so far.
	 * @return the time since the start
	 */
	public Duration elapsed() {
		return Duration.ofNanos(this.ticker.read() - this.start);
	}

	/**
	 * How much time is left.
	 * @return the limit less the time that has passed, negative if it is over
	 */
	public Duration left() {
		return this.uploading ? this.limit : this.limit.minus(elapsed());
	}

	/**
	 * Whether the deadline ends the request no later than another limit would, so that
	 * this limit needs no timer.
	 * @param other a time from now on
	 * @return whether the deadline comes first, or at the same time
	 */
	public boolean endsWithin(Duration other) {
		return left().compareTo(other) <= 0;
	}

}
