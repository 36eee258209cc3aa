package dev.weir.failover;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.Executor;

import org.jspecify.annotations.Nullable;

/**
 * Has a comment written to a stream of events whenever it was silent for some time, so
 * that nothing between Weir and the client takes the silence for an end. Readers ignore
 * comments (WHATWG HTML, "Server-sent events", section "Interpreting an event stream").
 * Used by one thread at a time.
 */
final class KeepAlive {

	private static final byte[] COMMENT = ": keep-alive\n\n".getBytes(StandardCharsets.US_ASCII);

	private final Watch watch;

	private final Duration period;

	private final Runnable writeComment;

	private KeepAlive(Duration period, Timing timing, Executor turn, Runnable writeComment) {
		this.period = period;
		this.writeComment = writeComment;
		this.watch = new Watch(timing, turn, this::onSilence);
	}

	/**
	 * Makes one that is not running.
	 * @param period how long the stream may be silent; zero for as long as it likes
	 * @param timing what measures time
	 * @param turn what the comments are written by
	 * @param writeComment writes a comment, if the stream is between two events
	 * @return the keep-alive, or {@code null} if comments are not wanted
	 */
	static @Nullable KeepAlive of(Duration period, Timing timing, Executor turn, Runnable writeComment) {
		return period.isZero() ? null : new KeepAlive(period, timing, turn, writeComment);
	}

	/**
	 * Returns what is written.
	 * @return a comment with the blank line behind it
	 */
	static byte[] comment() {
		return COMMENT.clone();
	}

	/** Begins to measure silence anew: something was written. */
	void restart() {
		this.watch.pause();
		this.watch.begin(this.period);
	}

	/** Ends for good. */
	void stop() {
		this.watch.stop();
	}

	private void onSilence() {
		this.writeComment.run();
		this.watch.begin(this.period);
	}

}
