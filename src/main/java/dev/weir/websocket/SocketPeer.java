package dev.weir.websocket;

import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.DecoderException;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

import dev.weir.memory.OutOfMemory;

/**
 * One side of a WebSocket: a client, or a backend. It passes the frames of the side to
 * its listener, writes frames to it, and performs the closing handshake. Used on the
 * event loop of its connection only.
 */
final class SocketPeer extends ChannelInboundHandlerAdapter {

	private final boolean backend;

	private final Duration writeTimeout;

	private final PeerListener listener;

	private @Nullable ChannelHandlerContext context;

	private final CloseHandshake closing;

	// whether a part of a frame was written, and its remainder was not
	private boolean insideFrame;

	private boolean ended;

	private @Nullable Future<?> writeTimer;

	/**
	 * Creates a side.
	 * @param backend whether it is a backend, to which Weir is a client
	 * @param writeTimeout how long the side may read nothing while frames wait for it
	 * @param listener receives its events
	 */
	SocketPeer(boolean backend, Duration writeTimeout, PeerListener listener) {
		this.backend = backend;
		this.closing = new CloseHandshake(backend);
		this.writeTimeout = writeTimeout;
		this.listener = listener;
	}

	boolean isBackend() {
		return this.backend;
	}

	@Override
	public void handlerAdded(ChannelHandlerContext added) {
		this.context = added;
	}

	@Override
	public void channelRead(ChannelHandlerContext from, Object message) {
		if (!(message instanceof FramePart part)) {
			ReferenceCountUtil.release(message);
			return;
		}
		if (this.closing.received() != null || this.ended) {
			// nothing counts after a close frame
			part.bytes().release();
			return;
		}
		if (part.header().opcode() == FrameHeader.CLOSE) {
			onClose(from, part);
			return;
		}
		this.listener.onPart(this, part);
	}

	private void onClose(ChannelHandlerContext from, FramePart part) {
		try {
			CloseReason reason = CloseReason.read(part.payload(0));
			this.closing.onReceived(from, reason);
			this.listener.onClose(this, reason);
		}
		catch (FrameException ex) {
			fail(ex);
		}
		finally {
			part.bytes().release();
		}
	}

	@Override
	public void channelReadComplete(ChannelHandlerContext from) {
		this.listener.onReadComplete(this);
		from.fireChannelReadComplete();
	}

	@Override
	public void channelWritabilityChanged(ChannelHandlerContext from) {
		if (from.channel().isWritable()) {
			stopWriteTimer();
			this.listener.onWritable(this);
		}
		from.fireChannelWritabilityChanged();
	}

	@Override
	public void channelInactive(ChannelHandlerContext from) {
		end();
		from.fireChannelInactive();
	}

	@Override
	public void exceptionCaught(ChannelHandlerContext from, Throwable error) {
		OutOfMemory.check(error);
		if (error instanceof DecoderException && error.getCause() instanceof FrameException invalid) {
			fail(invalid);
		}
		else {
			from.close();
		}
	}

	private void fail(FrameException error) {
		if (!this.ended) {
			this.closing.onInvalid(error.code());
			close(new CloseReason(error.code(), error.problem()));
			this.listener.onError(this, error);
		}
	}

	private void end() {
		if (!this.ended) {
			this.ended = true;
			stopWriteTimer();
			this.closing.stop();
			this.listener.onEnd(this);
		}
	}

	/**
	 * Whether the connection has ended.
	 * @return whether nothing can be written any more
	 */
	boolean isEnded() {
		return this.ended;
	}

	/**
	 * Whether the closing handshake has begun, from either side.
	 * @return whether a close frame was sent or received
	 */
	boolean isClosing() {
		return this.closing.hasBegun() || this.ended;
	}

	/**
	 * Whether the connection ended, or ends, with a close frame.
	 * @return whether one was sent or received
	 */
	boolean isClosedByHandshake() {
		return this.closing.hasBegun();
	}

	/**
	 * Whether the side takes more frames.
	 * @return whether few bytes wait to be written
	 */
	boolean isWritable() {
		return this.context == null || this.context.channel().isWritable();
	}

	/**
	 * Writes a frame, or a part of one, as it is.
	 * @param part the part, which is released
	 */
	void write(FramePart part) {
		ChannelHandlerContext to = this.context;
		if (to == null || this.ended || this.closing.isSent()) {
			part.bytes().release();
			return;
		}
		this.insideFrame = !part.ends();
		to.write(part.bytes(), to.voidPromise());
	}

	/**
	 * Writes a message, or a control frame, as one frame. Without effect in the middle of
	 * another frame.
	 * @param opcode the kind of frame
	 * @param payload the payload, not masked
	 */
	void write(int opcode, byte[] payload) {
		ChannelHandlerContext to = this.context;
		if (to != null && !this.ended && !this.closing.isSent() && !this.insideFrame) {
			to.write(frame(to, opcode, payload), to.voidPromise());
		}
	}

	private ByteBuf frame(ChannelHandlerContext to, int opcode, byte[] payload) {
		int mask = this.backend ? ThreadLocalRandom.current().nextInt() : 0;
		ByteBuf frame = to.alloc().buffer(payload.length + 14);
		FrameHeader.write(opcode, payload.length, this.backend, mask, frame);
		if (this.backend) {
			FrameHeader.mask(payload, mask, 0);
		}
		return frame.writeBytes(payload);
	}

	/**
	 * Flushes what was written, and starts to measure how long the side does not read.
	 */
	void flush() {
		ChannelHandlerContext to = this.context;
		if (to == null || this.ended) {
			return;
		}
		to.flush();
		if (!to.channel().isWritable() && this.writeTimer == null) {
			this.writeTimer = to.executor()
				.schedule(this::onWriteTimeout, this.writeTimeout.toNanos(), TimeUnit.NANOSECONDS);
		}
	}

	private void onWriteTimeout() {
		this.writeTimer = null;
		if (this.context != null && !this.ended) {
			// a close frame would wait like the others
			this.closing.skip();
			this.listener.onStall(this);
			this.context.close();
		}
	}

	private void stopWriteTimer() {
		if (this.writeTimer != null) {
			this.writeTimer.cancel(false);
			this.writeTimer = null;
		}
	}

	/**
	 * Whether the side is read.
	 * @return whether reading is not paused
	 */
	boolean isReading() {
		return this.context != null && this.context.channel().config().isAutoRead();
	}

	/** Pauses or continues reading. */
	void read(boolean reading) {
		ChannelHandlerContext from = this.context;
		if (from != null && !this.ended) {
			from.channel().config().setAutoRead(reading);
		}
	}

	/**
	 * Sends a close frame, unless one was sent. Then waits for that of the side, but not
	 * for long. In the middle of a frame, where no other frame can be sent, the
	 * connection is closed without one.
	 * @param reason the code and the text
	 */
	void close(CloseReason reason) {
		ChannelHandlerContext to = this.context;
		if (to == null || this.ended || this.closing.isSent()) {
			return;
		}
		if (this.insideFrame) {
			this.closing.skip();
			to.close();
			return;
		}
		ByteBuf payload = reason.payload();
		byte[] bytes = new byte[payload.readableBytes()];
		payload.readBytes(bytes);
		to.writeAndFlush(frame(to, FrameHeader.CLOSE, bytes), to.voidPromise());
		// to receive its close frame, or the end of the connection
		to.channel().config().setAutoRead(true);
		this.closing.onSent(to);
	}

	/**
	 * Responds to the close frame of the side, if the other side has not done so in time.
	 */
	void closeLater() {
		ChannelHandlerContext to = this.context;
		CloseReason reason = this.closing.received();
		if (to != null && reason != null && !this.closing.isSent()) {
			this.closing.respondLater(to, () -> close(reason));
		}
	}

	/**
	 * Responds to the close frame of the side now, if there is one without a response.
	 */
	void respondToClose() {
		CloseReason reason = this.closing.received();
		if (reason != null) {
			close(reason);
		}
	}

	/** Closes the connection without a close frame. */
	void abort() {
		if (this.context != null) {
			this.context.close();
		}
	}

}
