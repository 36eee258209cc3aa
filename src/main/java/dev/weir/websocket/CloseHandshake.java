package dev.weir.websocket;

import java.time.Duration;
import java.util.concurrent.TimeUnit;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.socket.DuplexChannel;
import io.netty.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/**
 * The closing handshake with one side of a WebSocket (RFC 6455, section 7.1): which close
 * frames were sent and received, and when the connection is closed. Used on the event
 * loop of the connection only.
 */
final class CloseHandshake {

	/** How long a side may take to respond to a close frame. */
	private static final Duration TIMEOUT = Duration.ofSeconds(5);

	/** How long a backend may take to close the connection after both close frames. */
	private static final Duration LINGER = Duration.ofSeconds(1);

	private final boolean backend;

	private @Nullable CloseReason received;

	private boolean sent;

	/** Whether the side has sent an invalid frame, after which no other can be read. */
	private boolean invalid;

	private @Nullable Future<?> timer;

	/**
	 * Creates a handshake that has not begun.
	 * @param backend whether the side is a backend, which closes the connection first
	 */
	CloseHandshake(boolean backend) {
		this.backend = backend;
	}

	boolean isSent() {
		return this.sent;
	}

	boolean hasBegun() {
		return this.sent || this.received != null;
	}

	/**
	 * The close frame of the side.
	 * @return its code and text, or {@code null} if there was none
	 */
	@Nullable CloseReason received() {
		return this.received;
	}

	/**
	 * The side has sent a close frame.
	 * @param context the connection
	 * @param reason its code and text
	 */
	void onReceived(ChannelHandlerContext context, CloseReason reason) {
		this.received = reason;
		if (this.sent) {
			finish(context);
		}
	}

	/**
	 * The side has sent an invalid frame. No more of its frames are passed on.
	 * @param code the close code for it
	 */
	void onInvalid(int code) {
		this.received = new CloseReason(code, "");
		this.invalid = true;
	}

	/**
	 * A close frame was sent to the side.
	 * @param context the connection
	 */
	void onSent(ChannelHandlerContext context) {
		this.sent = true;
		if (this.received != null) {
			finish(context);
		}
		else {
			closeAfter(context, TIMEOUT);
		}
	}

	/** The connection is closed without a close frame. */
	void skip() {
		this.sent = true;
	}

	/**
	 * Runs a task after the time that the other side has to respond.
	 * @param context the connection
	 * @param respond responds to the close frame of this side
	 */
	void respondLater(ChannelHandlerContext context, Runnable respond) {
		this.timer = context.executor().schedule(respond, TIMEOUT.toNanos(), TimeUnit.NANOSECONDS);
	}

	/** The server closes the connection first (RFC 6455, section 7.1.1). */
	private void finish(ChannelHandlerContext context) {
		if (this.backend) {
			closeAfter(context, LINGER);
		}
		else if (this.invalid && context.channel() instanceof DuplexChannel socket) {
			// the client may still be sending: closed now, the connection would be reset,
			// and the close frame lost
			context.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener((done) -> socket.shutdownOutput());
			closeAfter(context, TIMEOUT);
		}
		else {
			context.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener((done) -> context.close());
		}
	}

	private void closeAfter(ChannelHandlerContext context, Duration delay) {
		stop();
		this.timer = context.executor()
			.schedule(() -> context.channel().close(), delay.toNanos(), TimeUnit.NANOSECONDS);
	}

	/** Stops its timer: the connection has ended. */
	void stop() {
		if (this.timer != null) {
			this.timer.cancel(false);
		}
	}

}
