package dev.weir.openai.stream;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Cuts the bytes of a {@code text/event-stream} into events, which end with a blank line
 * (WHATWG HTML, "Server-sent events", section "Parsing an event stream"). Lines end with
 * LF, CR or CRLF in any mix. Nothing is added or lost: the bytes of all events and then
 * {@link #remainder()} are the input.
 * <p>
 * An event that ends with a CR is complete at once; if an LF that belongs to that CR
 * comes in a later buffer, then it is the first byte of the next event, where readers
 * ignore it.
 * <p>
 * One per stream; not thread-safe.
 */
public final class EventSplitter {

	private static final byte[] NOTHING = {};

	private int maxHeld;

	/** The beginning of the event that is not complete yet. */
	private byte[] held = NOTHING;

	private int heldLength;

	/** Whether the line that is being read has no bytes so far. */
	private boolean blank = true;

	/** Whether the last byte was a CR, so that an LF would belong to it. */
	private boolean afterCr;

	private boolean insideEvent;

	/**
	 * Makes a splitter for one stream.
	 * @param maxHeld the most bytes that an event may have to come out whole, at least 1;
	 * a longer one comes out in pieces
	 */
	public EventSplitter(int maxHeld) {
		if (maxHeld < 1) {
			throw new IllegalArgumentException("maxHeld must be at least 1");
		}
		this.maxHeld = maxHeld;
	}

	/**
	 * Changes how long an event may be to come out whole, from the next bytes on.
	 * @param bytes the most bytes, at least 1
	 */
	public void setMaxHeld(int bytes) {
		if (bytes < 1) {
			throw new IllegalArgumentException("maxHeld must be at least 1");
		}
		this.maxHeld = bytes;
	}

	/**
	 * Takes the next bytes of the stream.
	 * @param bytes the bytes, any number; they must not be changed afterwards, since an
	 * event may go on using them
	 * @return the events, and pieces of overlong events, that these bytes complete; in
	 * order, often none
	 */
	public List<StreamEvent> add(byte[] bytes) {
		List<StreamEvent> events = List.of();
		int from = 0;
		for (int end = nextEnd(bytes, 0); end >= 0; end = nextEnd(bytes, from)) {
			events = append(events, end(bytes, from, end));
			from = end;
		}
		int length = bytes.length - from;
		if (length > 0) {
			if (this.insideEvent || length > this.maxHeld - this.heldLength) {
				this.insideEvent = true;
				events = append(events, StreamEvent.piece(take(bytes, from, bytes.length), false));
			}
			else {
				hold(bytes, from, length);
			}
		}
		return events;
	}

	/**
	 * Returns what has not come out: the beginning of an event that is not complete, or,
	 * after a piece of an overlong one, nothing.
	 * @return the bytes, perhaps none
	 */
	public byte[] remainder() {
		return Arrays.copyOf(this.held, this.heldLength);
	}

	/**
	 * Whether a piece of an event has come out whose end has not. Then nothing may be put
	 * in between.
	 * @return whether the stream is inside an event
	 */
	public boolean isInsideEvent() {
		return this.insideEvent;
	}

	/** Returns the index behind the next event's last byte, or -1. */
	private int nextEnd(byte[] bytes, int from) {
		for (int i = from; i < bytes.length; i++) {
			byte b = bytes[i];
			if (b != '\n' && b != '\r') {
				this.blank = false;
				this.afterCr = false;
			}
			else if (b == '\n' && this.afterCr) {
				this.afterCr = false;
			}
			else {
				this.afterCr = b == '\r';
				if (this.blank) {
					int end = i + 1;
					if (this.afterCr && end < bytes.length && bytes[end] == '\n') {
						this.afterCr = false;
						end++;
					}
					return end;
				}
				this.blank = true;
			}
		}
		return -1;
	}

	private StreamEvent end(byte[] bytes, int from, int end) {
		boolean whole = !this.insideEvent && end - from <= this.maxHeld - this.heldLength;
		this.insideEvent = false;
		byte[] event = take(bytes, from, end);
		return whole ? StreamEvent.of(event) : StreamEvent.piece(event, true);
	}

	/** Returns what is held and a part of the new bytes, and holds nothing any more. */
	private byte[] take(byte[] bytes, int from, int to) {
		if (this.heldLength == 0) {
			return (from == 0 && to == bytes.length) ? bytes : Arrays.copyOfRange(bytes, from, to);
		}
		byte[] all = Arrays.copyOf(this.held, this.heldLength + to - from);
		System.arraycopy(bytes, from, all, this.heldLength, to - from);
		this.held = NOTHING;
		this.heldLength = 0;
		return all;
	}

	private void hold(byte[] bytes, int from, int length) {
		int needed = this.heldLength + length;
		if (needed > this.held.length) {
			// doubled, so that an event of many small buffers is copied a few times only
			int size = (int) Math.min(this.maxHeld, Math.max(needed, 2L * this.held.length));
			this.held = Arrays.copyOf(this.held, size);
		}
		System.arraycopy(bytes, from, this.held, this.heldLength, length);
		this.heldLength = needed;
	}

	private static List<StreamEvent> append(List<StreamEvent> events, StreamEvent event) {
		if (events.isEmpty()) {
			return List.of(event);
		}
		List<StreamEvent> all = (events instanceof ArrayList) ? events : new ArrayList<>(events);
		all.add(event);
		return all;
	}

}
