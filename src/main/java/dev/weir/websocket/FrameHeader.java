package dev.weir.websocket;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/**
 * The header of a frame (RFC 6455, section 5.2).
 *
 * @param opcode the kind of frame
 * @param last whether the frame ends its message
 * @param masked whether the payload is masked
 * @param mask the masking key, 0 if the payload is not masked
 * @param size the length of the header in bytes
 * @param length the length of the payload in bytes
 */
record FrameHeader(int opcode, boolean last, boolean masked, int mask, int size, long length) {

	static final int CONTINUATION = 0;

	static final int TEXT = 1;

	static final int BINARY = 2;

	static final int CLOSE = 8;

	static final int PING = 9;

	static final int PONG = 10;

	private static final int MAX_CONTROL = 125;

	private static final int SHORT_LENGTH = 126;

	private static final int LONG_LENGTH = 127;

	private static final int RESERVED = 0x70;

	/**
	 * Reads a header without consuming it.
	 * @param in the bytes of the frame
	 * @return the header, or {@code null} if it is not complete
	 * @throws FrameException if the header is not valid
	 */
	static @Nullable FrameHeader peek(ByteBuf in) {
		int start = in.readerIndex();
		int available = in.readableBytes();
		if (available < 2) {
			return null;
		}
		int first = in.getByte(start);
		int second = in.getByte(start + 1);
		boolean masked = (second & 0x80) != 0;
		int shortLength = second & 0x7F;
		int opcode = first & 0x0F;
		boolean last = (first & 0x80) != 0;
		check(first, opcode, last, shortLength);
		int lengthSize = (shortLength == SHORT_LENGTH) ? 2 : (shortLength == LONG_LENGTH) ? 8 : 0;
		int size = 2 + lengthSize + (masked ? 4 : 0);
		if (available < size) {
			return null;
		}
		long length = switch (lengthSize) {
			case 2 -> in.getUnsignedShort(start + 2);
			case 8 -> in.getLong(start + 2);
			default -> shortLength;
		};
		if (length < 0 || (lengthSize == 2 && length < SHORT_LENGTH) || (lengthSize == 8 && length <= 0xFFFF)) {
			throw new FrameException(CloseReason.PROTOCOL_ERROR, "a frame with a malformed length");
		}
		return new FrameHeader(opcode, last, masked, masked ? in.getInt(start + size - 4) : 0, size, length);
	}

	private static void check(int first, int opcode, boolean last, int shortLength) {
		if ((first & RESERVED) != 0) {
			throw new FrameException(CloseReason.PROTOCOL_ERROR, "a frame of an extension, of which none is in use");
		}
		if ((opcode > BINARY && opcode < CLOSE) || opcode > PONG) {
			throw new FrameException(CloseReason.PROTOCOL_ERROR, "a frame of an unknown kind");
		}
		if (opcode >= CLOSE && (!last || shortLength > MAX_CONTROL)) {
			throw new FrameException(CloseReason.PROTOCOL_ERROR, "a control frame that is fragmented or too long");
		}
	}

	boolean isControl() {
		return this.opcode >= CLOSE;
	}

	/**
	 * Writes the header of a frame that is a whole message.
	 * @param opcode the kind of frame
	 * @param length the length of the payload in bytes
	 * @param masked whether the payload is masked
	 * @param mask the masking key
	 * @param out the buffer to write to
	 */
	static void write(int opcode, int length, boolean masked, int mask, ByteBuf out) {
		int maskBit = masked ? 0x80 : 0;
		out.writeByte(0x80 | opcode);
		if (length < SHORT_LENGTH) {
			out.writeByte(maskBit | length);
		}
		else if (length <= 0xFFFF) {
			out.writeByte(maskBit | SHORT_LENGTH).writeShort(length);
		}
		else {
			out.writeByte(maskBit | LONG_LENGTH).writeLong(length);
		}
		if (masked) {
			out.writeInt(mask);
		}
	}

	/**
	 * Masks or unmasks bytes (RFC 6455, section 5.3).
	 * @param bytes the bytes, which are changed
	 * @param mask the masking key
	 * @param offset the index of the first byte in its payload
	 */
	static void mask(byte[] bytes, int mask, long offset) {
		for (int i = 0; i < bytes.length; i++) {
			int shift = 24 - 8 * (int) ((offset + i) & 3);
			bytes[i] ^= (byte) (mask >>> shift);
		}
	}

}
