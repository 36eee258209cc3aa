package dev.weir.websocket;

import java.time.Duration;
import java.util.function.Supplier;

import org.jspecify.annotations.Nullable;
import reactor.core.Disposable;

import dev.weir.config.PoolProperties;

/**
 * Limits the pauses between the events of the responses on one WebSocket. One timer,
 * whatever the number of events.
 */
final class SilenceLimit {

	private final ResponsesSocket socket;

	private final Supplier<@Nullable MessageRequest> running;

	private final Runnable onExceeded;

	private @Nullable Disposable timer;

	private long lastEvent;

	/** Whether a longer pause may follow, since there was no content yet. */
	private boolean thinking;

	/**
	 * Creates a limit.
	 * @param socket the client
	 * @param running the request whose response runs, or {@code null}
	 * @param onExceeded is run when a response was silent for too long
	 */
	SilenceLimit(ResponsesSocket socket, Supplier<@Nullable MessageRequest> running, Runnable onExceeded) {
		this.socket = socket;
		this.running = running;
		this.onExceeded = onExceeded;
	}

	/** Starts to measure: a request was sent. */
	void start() {
		this.lastEvent = this.socket.now();
		this.thinking = true;
		if (this.timer == null) {
			schedule(this.socket.settings().streamIdleTimeout());
		}
	}

	/** Records that a message has arrived. */
	void onMessage() {
		this.lastEvent = this.socket.now();
	}

	/**
	 * Records the kind of the last event.
	 * @param content whether it has content
	 */
	void onEvent(boolean content) {
		this.thinking = !content;
	}

	void stop() {
		if (this.timer != null) {
			this.timer.dispose();
			this.timer = null;
		}
	}

	private void schedule(Duration delay) {
		this.timer = this.socket.context().loop().schedule(this::check, delay);
	}

	private void check() {
		this.timer = null;
		MessageRequest request = this.running.get();
		if (request == null) {
			return;
		}
		PoolProperties settings = this.socket.settings();
		Duration limit = this.thinking ? settings.responseTimeout() : settings.streamIdleTimeout();
		Duration silent = Duration.ofNanos(this.socket.now() - this.lastEvent);
		if (request.isWaiting() || this.socket.output().isSlow()) {
			schedule(settings.streamIdleTimeout());
		}
		else if (silent.compareTo(limit) >= 0) {
			this.onExceeded.run();
		}
		else {
			schedule(limit.minus(silent));
		}
	}

}
