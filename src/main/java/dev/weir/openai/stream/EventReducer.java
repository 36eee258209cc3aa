package dev.weir.openai.stream;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

import org.jspecify.annotations.Nullable;

/**
 * Reduces an event that is too long to be held to a short one with the same meaning,
 * while its pieces are relayed. The short event is then read like any other. It has the
 * field {@code event} and the data as {@link JsonReducer} reduces it, 65 KB at most. One
 * per event; not thread-safe.
 */
public final class EventReducer {

	private static final int MAX_FIELD = 256;

	private static final byte[] DATA = "data".getBytes(StandardCharsets.US_ASCII);

	private static final byte[] EVENT = "event".getBytes(StandardCharsets.US_ASCII);

	private final byte[] name = new byte[EVENT.length + 1];

	private final ByteArrayOutputStream event = new ByteArrayOutputStream();

	private final JsonReducer data = new JsonReducer();

	private int nameLength;

	private Part part = Part.NAME;

	/**
	 * Adds the next piece.
	 * @param piece the bytes of the piece
	 */
	public void add(byte[] piece) {
		for (byte b : piece) {
			if (b == '\n' || b == '\r') {
				endLine();
			}
			else {
				read(b);
			}
		}
	}

	/**
	 * Returns the short event.
	 * @return an event with the same meaning, or {@code null} if it would be too long
	 */
	public @Nullable StreamEvent toEvent() {
		if (this.data.isIncomplete()) {
			return null;
		}
		ByteArrayOutputStream all = new ByteArrayOutputStream();
		add(all, "event: ", this.event.toByteArray());
		add(all, "data: ", this.data.toByteArray());
		all.write('\n');
		return StreamEvent.of(all.toByteArray());
	}

	private static void add(ByteArrayOutputStream all, String name, byte[] value) {
		if (value.length > 0) {
			all.writeBytes(name.getBytes(StandardCharsets.US_ASCII));
			all.writeBytes(value);
			all.write('\n');
		}
	}

	private void endLine() {
		if (this.part == Part.DATA) {
			// lines are joined with LF, which is white space in JSON
			this.data.add((byte) ' ');
		}
		this.part = Part.NAME;
		this.nameLength = 0;
	}

	private void read(byte b) {
		switch (this.part) {
			case NAME -> readName(b);
			case VALUE -> {
				this.part = partOfValue();
				if (b != ' ') {
					read(b);
				}
			}
			case DATA -> this.data.add(b);
			case EVENT -> {
				if (this.event.size() < MAX_FIELD) {
					this.event.write(b);
				}
			}
			case IGNORED -> {
				// a comment or another field
			}
		}
	}

	private void readName(byte b) {
		if (b == ':') {
			this.part = Part.VALUE;
		}
		// a stream may begin with a byte order mark
		else if (b > 0 && this.nameLength < this.name.length) {
			this.name[this.nameLength++] = b;
		}
	}

	private Part partOfValue() {
		if (Arrays.equals(this.name, 0, this.nameLength, DATA, 0, DATA.length)) {
			return Part.DATA;
		}
		if (Arrays.equals(this.name, 0, this.nameLength, EVENT, 0, EVENT.length)) {
			// the last one counts
			this.event.reset();
			return Part.EVENT;
		}
		return Part.IGNORED;
	}

	/** The part of a line that a byte belongs to. */
	private enum Part {

		NAME, VALUE, DATA, EVENT, IGNORED

	}

}
