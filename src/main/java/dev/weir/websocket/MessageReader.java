package dev.weir.websocket;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

import org.jspecify.annotations.Nullable;

import dev.weir.openai.stream.EventReducer;
import dev.weir.openai.stream.StreamEvent;

/**
 * Reads a message of a backend in Responses mode, part by part. The parts are held until
 * the meaning of the message is known, or until there are too many bytes.
 */
final class MessageReader {

	private static final byte[] DATA = "data: ".getBytes(StandardCharsets.US_ASCII);

	/** The longest message that is kept as it came. */
	private static final int MAX_KEPT = 256 * 1024;

	private final EventReducer reducer = new EventReducer();

	private final List<FramePart> held = new ArrayList<>(1);

	private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

	private long heldBytes;

	private long offset;

	private boolean text;

	/** The bytes to read next of a message that is too long to be kept. */
	private byte @Nullable [] piece;

	MessageReader() {
		this.reducer.add(DATA);
	}

	/**
	 * Adds a part of the message.
	 * @param part the part
	 */
	void add(FramePart part) {
		byte[] payload = part.payload(this.offset);
		this.offset = part.ends() ? 0 : this.offset + payload.length;
		this.text |= part.header().opcode() == FrameHeader.TEXT;
		if (this.piece != null) {
			this.piece = payload.clone();
		}
		else if (this.bytes.size() + payload.length <= MAX_KEPT) {
			this.bytes.writeBytes(payload);
		}
		else {
			byte[] all = Arrays.copyOf(this.bytes.toByteArray(), this.bytes.size() + payload.length);
			System.arraycopy(payload, 0, all, this.bytes.size(), payload.length);
			this.piece = all;
		}
		for (int i = 0; i < payload.length; i++) {
			// an event ends at a line; in JSON, line breaks are white space
			payload[i] = (payload[i] == '\n' || payload[i] == '\r') ? (byte) ' ' : payload[i];
		}
		this.reducer.add(payload);
		this.held.add(part);
		this.heldBytes += part.bytes().readableBytes();
	}

	long heldBytes() {
		return this.heldBytes;
	}

	/**
	 * Takes the parts that are held.
	 * @return the parts, owned by the caller
	 */
	List<FramePart> take() {
		List<FramePart> taken = List.copyOf(this.held);
		this.held.clear();
		this.heldBytes = 0;
		return taken;
	}

	/**
	 * The event in the message, which must be complete.
	 * @return the event, or {@code null} if the message is not text, or cannot be read
	 */
	@Nullable StreamEvent event() {
		return this.text ? this.reducer.toEvent() : null;
	}

	/**
	 * The bytes of a message that is too long to be kept, once for each part.
	 * @return those that were not returned after an earlier part, or {@code null} if the
	 * message is kept
	 */
	byte @Nullable [] piece() {
		return this.piece;
	}

	/**
	 * The bytes of the message.
	 * @return the bytes, cut off if it is too long to be kept
	 */
	byte[] bytes() {
		return this.bytes.toByteArray();
	}

}
