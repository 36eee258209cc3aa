package dev.weir.reply;

import java.nio.charset.StandardCharsets;
import java.time.Duration;

import com.github.benmanes.caffeine.cache.Ticker;
import org.jspecify.annotations.Nullable;

import dev.weir.request.RequestLoop;

/**
 * Writes a comment to a stream of events whenever it was silent for some time, so that no
 * proxy between Weir and the client closes a silent connection. Clients ignore comments
 * (WHATWG HTML, "Server-sent events", section "Interpreting an event stream"). Used on
 * the loop of the request only.
 */
final class StreamKeepAlive {

	private static final byte[] COMMENT = ": keep-alive\n\n".getBytes(StandardCharsets.US_ASCII);

	private final SilenceTimer timer;

	private final Duration period;

	private final Runnable writeComment;

	private StreamKeepAlive(Duration period, RequestLoop loop, Ticker ticker, Runnable writeComment) {
		this.period = period;
		this.writeComment = writeComment;
		this.timer = new SilenceTimer(loop, ticker, (limit) -> onSilence());
	}

	/**
	 * Creates a keep-alive that is not running.
	 * @param period how long the stream may be silent; zero for no limit
	 * @param loop the loop of the request
	 * @param ticker a monotonic clock in nanoseconds
	 * @param writeComment writes a comment, if the stream is between two events
	 * @return the keep-alive, or {@code null} if comments are not wanted
	 */
	static @Nullable StreamKeepAlive of(Duration period, RequestLoop loop, Ticker ticker, Runnable writeComment) {
		return period.isZero() ? null : new StreamKeepAlive(period, loop, ticker, writeComment);
	}

	/**
	 * Returns the comment.
	 * @return the comment with its blank line
	 */
	static byte[] comment() {
		return COMMENT.clone();
	}

	/** Restarts the measurement of silence, because something was written. */
	void restart() {
		this.timer.pause();
		this.timer.begin(this.period);
	}

	/** Stops and cannot be restarted. */
	void stop() {
		this.timer.stop();
	}

	private void onSilence() {
		this.writeComment.run();
		this.timer.begin(this.period);
	}

}
