package dev.weir.websocket;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;

/**
 * The code and the text of a close frame (RFC 6455, section 7.4, and IANA's registry of
 * close codes).
 *
 * @param code the code
 * @param text the text for people, at most 123 bytes in UTF-8
 */
record CloseReason(int code, String text) {

	/** No code was sent; never travels. */
	static final int NONE = 1005;

	static final int GOING_AWAY = 1001;

	static final int PROTOCOL_ERROR = 1002;

	static final int INVALID_TEXT = 1007;

	static final int TOO_LARGE = 1009;

	static final int INTERNAL_ERROR = 1011;

	/** The sender would have to break its rules, such as its time limits. */
	static final int POLICY_VIOLATION = 1008;

	/** The server restarts; the client may connect again. */
	static final int RESTART = 1012;

	/** The server is overloaded. */
	static final int TRY_AGAIN = 1013;

	/** The server behind a gateway failed. */
	static final int BAD_GATEWAY = 1014;

	/**
	 * Reads the payload of a close frame.
	 * @param payload the payload, unmasked
	 * @return the reason, with {@link #NONE} for an empty payload
	 * @throws FrameException if the payload is not valid
	 */
	static CloseReason read(byte[] payload) {
		if (payload.length == 0) {
			return new CloseReason(NONE, "");
		}
		if (payload.length == 1) {
			throw new FrameException(PROTOCOL_ERROR, "a close frame with half a code");
		}
		int code = (payload[0] & 0xFF) << 8 | payload[1] & 0xFF;
		if (!mayTravel(code)) {
			throw new FrameException(PROTOCOL_ERROR, "a close frame with a code that must not be sent");
		}
		try {
			return new CloseReason(code,
					StandardCharsets.UTF_8.newDecoder()
						.decode(ByteBuffer.wrap(payload, 2, payload.length - 2))
						.toString());
		}
		catch (CharacterCodingException ex) {
			throw new FrameException(INVALID_TEXT, "a close frame whose text is not UTF-8");
		}
	}

	/** 1004, 1005, 1006 and 1015 are reserved, 1016 to 2999 not assigned. */
	private static boolean mayTravel(int code) {
		return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
	}

	/**
	 * The payload of the close frame.
	 * @return a new buffer, empty without a code
	 */
	ByteBuf payload() {
		if (this.code == NONE) {
			return Unpooled.EMPTY_BUFFER;
		}
		ByteBuf payload = Unpooled.buffer(2 + this.text.length()).writeShort(this.code);
		ByteBufUtil.writeUtf8(payload, this.text);
		return payload;
	}

	/**
	 * Whether the code means that the sender failed.
	 * @return whether it is an error of a server
	 */
	boolean isFailure() {
		return this.code == INTERNAL_ERROR || this.code == BAD_GATEWAY;
	}

	@Override
	public String toString() {
		return (this.code == NONE) ? "no code" : String.valueOf(this.code);
	}

}
