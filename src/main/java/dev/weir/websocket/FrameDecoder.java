package dev.weir.websocket;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

import dev.weir.memory.BufferBudget;

/**
 * Splits the bytes of a WebSocket into frames, without changing or copying them, so that
 * they can be passed on as they are: neither side masks again what the other has masked.
 * Netty's decoder holds each frame until it is complete, whatever its length. This one
 * holds short frames only, so that a break in the middle of one can be reported to the
 * other side; a longer frame is emitted in parts.
 */
final class FrameDecoder extends ByteToMessageDecoder {

	/** The longest frame that is held until it is complete, if there is memory. */
	static final int MAX_HELD = 1024 * 1024;

	/** Frames of one read need no memory beyond it, so they are not counted. */
	private static final int UNCOUNTED = 16 * 1024;

	private final boolean masked;

	private final long maxMessage;

	private final Duration timeout;

	private final Function<Runnable, BufferBudget.Share> shares;

	private @Nullable FrameHeader header;

	/** The bytes of a long frame that have not been emitted. */
	private long left;

	/** The length of the fragments of the current message, or -1 between messages. */
	private long messageLength = -1;

	private BufferBudget.@Nullable Share share;

	/** How many bytes of the current frame are counted. */
	private long counted;

	/** How many frames have ended. */
	private int frames;

	/** Whether the current frame is emitted in parts, whatever its length. */
	private boolean inParts;

	private @Nullable Future<?> timer;

	private boolean broken;

	/**
	 * Creates a decoder.
	 * @param masked whether the peer must mask its frames: clients must, servers must not
	 * @param maxMessage the longest message in bytes
	 * @param timeout how long a frame is held that is not complete
	 * @param shares opens a share for the bytes of a frame that are held, given a
	 * callback for when they are evicted
	 */
	FrameDecoder(boolean masked, long maxMessage, Duration timeout, Function<Runnable, BufferBudget.Share> shares) {
		this.masked = masked;
		this.maxMessage = maxMessage;
		this.timeout = timeout;
		this.shares = shares;
	}

	@Override
	protected void decode(ChannelHandlerContext context, ByteBuf in, List<Object> out) {
		if (this.broken) {
			in.skipBytes(in.readableBytes());
			return;
		}
		if (this.left > 0) {
			emit(in, out, (int) Math.min(this.left, in.readableBytes()), false);
			return;
		}
		if (this.header == null) {
			begin(in);
		}
		if (this.header != null) {
			long total = this.header.size() + this.header.length();
			if (in.readableBytes() >= total) {
				this.left = total;
				emit(in, out, (int) total, true);
			}
			else if (total > MAX_HELD || this.inParts || !reserve(context, in.readableBytes())) {
				this.left = total;
				emit(in, out, in.readableBytes(), true);
			}
		}
	}

	private void begin(ByteBuf in) {
		try {
			FrameHeader next = FrameHeader.peek(in);
			if (next != null) {
				check(next);
				this.header = next;
			}
		}
		catch (FrameException ex) {
			this.broken = true;
			throw ex;
		}
	}

	private void check(FrameHeader next) {
		if (next.masked() != this.masked) {
			throw new FrameException(CloseReason.PROTOCOL_ERROR,
					this.masked ? "a frame that is not masked" : "a frame that is masked");
		}
		if (next.isControl()) {
			return;
		}
		boolean inside = this.messageLength >= 0;
		if (inside != (next.opcode() == FrameHeader.CONTINUATION)) {
			throw new FrameException(CloseReason.PROTOCOL_ERROR,
					inside ? "a new message inside another one" : "a continuation of no message");
		}
		long length = Math.max(this.messageLength, 0) + next.length();
		if (length > this.maxMessage || length < 0) {
			throw new FrameException(CloseReason.TOO_LARGE,
					"a message of more than " + this.maxMessage + " bytes (weir.max-body)");
		}
		this.messageLength = next.last() ? -1 : length;
	}

	private void emit(ByteBuf in, List<Object> out, int count, boolean begins) {
		FrameHeader current = this.header;
		if (current != null && count > 0) {
			this.left -= count;
			out.add(new FramePart(current, in.readRetainedSlice(count), begins, this.left == 0));
			if (this.left == 0) {
				this.header = null;
				this.inParts = false;
				this.frames++;
				release();
			}
		}
	}

	/**
	 * Counts the bytes that have arrived: a length that is only announced costs nothing.
	 */
	private boolean reserve(ChannelHandlerContext context, long arrived) {
		if (arrived <= UNCOUNTED) {
			return true;
		}
		int number = this.frames;
		if (this.share == null) {
			this.share = this.shares.apply(() -> context.executor().execute(() -> emitHeld(context, number)));
			this.timer = context.executor()
				.schedule(() -> emitHeld(context, number), this.timeout.toNanos(), TimeUnit.NANOSECONDS);
		}
		if (!this.share.grow(arrived - this.counted)) {
			release();
			return false;
		}
		this.counted = arrived;
		return true;
	}

	/** Emits what is held of a frame, because others need the memory, or after a time. */
	private void emitHeld(ChannelHandlerContext context, int number) {
		if (this.frames == number && this.header != null && this.left == 0 && !context.isRemoved()) {
			this.inParts = true;
			release();
			try {
				channelRead(context, Unpooled.EMPTY_BUFFER);
				channelReadComplete(context);
			}
			catch (Exception ex) {
				context.fireExceptionCaught(ex);
			}
		}
	}

	private void release() {
		if (this.share != null) {
			this.share.close();
			this.share = null;
		}
		this.counted = 0;
		if (this.timer != null) {
			this.timer.cancel(false);
			this.timer = null;
		}
	}

	@Override
	public void channelInactive(ChannelHandlerContext context) throws Exception {
		release();
		super.channelInactive(context);
	}

	@Override
	protected void handlerRemoved0(ChannelHandlerContext context) {
		release();
	}

}
