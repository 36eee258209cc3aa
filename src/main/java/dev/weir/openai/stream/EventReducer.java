package dev.weir.openai.stream;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

import org.jspecify.annotations.Nullable;

/**
 * Reduces a server-sent event that is too long to be held to a short one with the same
 * meaning while its pieces pass by. The short event is then read like any other, so that
 * what an event means does not depend on its size. It keeps the field {@code event} and a
 * {@link JsonReducer} of the data, 65 KB at most. One per event; not thread-safe.
 */
public final class EventReducer {

	private static final int MAX_FIELD = 256;

	private static final byte[] DATA = "data".getBytes(StandardCharsets.US_ASCII);

	private static final byte[] EVENT = "event".getBytes(StandardCharsets.US_ASCII);

	private final byte[] name = new byte[EVENT.length + 1];

	private final ByteArrayOutputStream event = new ByteArrayOutputStream();

	private final JsonReducer data = new JsonReducer();

	private int nameLength;

	private Place place = Place.NAME;

	/**
	 * Reads the next piece.
	 * @param piece the bytes
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
	 * @return an event that means the same, or {@code null} if too much would have to be
	 * kept
	 */
	public @Nullable StreamEvent toEvent() {
		if (this.data.isOverflown()) {
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
		if (this.place == Place.DATA) {
			// several lines are joined with LF, which is white space to JSON
			this.data.add((byte) ' ');
		}
		this.place = Place.NAME;
		this.nameLength = 0;
	}

	private void read(byte b) {
		switch (this.place) {
			case NAME -> readName(b);
			case VALUE -> {
				this.place = placeOfValue();
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
				// a comment, or a field that means nothing here
			}
		}
	}

	private void readName(byte b) {
		if (b == ':') {
			this.place = Place.VALUE;
		}
		// a stream may begin with a byte order mark
		else if (b > 0 && this.nameLength < this.name.length) {
			this.name[this.nameLength++] = b;
		}
	}

	private Place placeOfValue() {
		if (Arrays.equals(this.name, 0, this.nameLength, DATA, 0, DATA.length)) {
			return Place.DATA;
		}
		if (Arrays.equals(this.name, 0, this.nameLength, EVENT, 0, EVENT.length)) {
			// the last one counts
			this.event.reset();
			return Place.EVENT;
		}
		return Place.IGNORED;
	}

	/** What a byte belongs to. */
	private enum Place {

		NAME, VALUE, DATA, EVENT, IGNORED

	}

}
