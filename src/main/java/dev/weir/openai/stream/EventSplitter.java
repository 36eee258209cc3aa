package dev.weir.openai.stream;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Splits the bytes of a {@code text/event-stream} into events, which end with a blank
 * line (WHATWG HTML, "Server-sent events", section "Parsing an event stream"). Lines end
 * with LF, CR or CRLF in any mix. The bytes of all events, followed by
 * {@link #remainder()}, are exactly the input.
 * <p>
 * An event that ends with a CR is complete at once. If the LF of that CR arrives in a
 * later buffer, it becomes the first byte of the next event, where readers ignore it.
 * <p>
 * One per stream; not thread-safe.
 */
public final class EventSplitter {

	private static final byte[] NOTHING = {};

	private int maxHeld;

	/** The start of the event that is not complete yet. */
	private byte[] held = NOTHING;

	private int heldLength;

	/** Whether the current line has no bytes so far. */
	private boolean blank = true;

	/** Whether the last byte was a CR, to which an LF would belong. */
	private boolean afterCr;

	private boolean insideEvent;

	/**
	 * Creates a splitter for one stream.
	 * @param maxHeld the length up to which events are returned whole, in bytes, at least
	 * 1; longer events are returned in pieces
	 */
	public EventSplitter(int maxHeld) {
		if (maxHeld < 1) {
			throw new IllegalArgumentException("maxHeld must be at least 1");
		}
		this.maxHeld = maxHeld;
	}

	/**
	 * Changes the length up to which events are returned whole, from the next bytes on.
	 * @param bytes the length in bytes, at least 1
	 */
	public void setMaxHeld(int bytes) {
		if (bytes < 1) {
			throw new IllegalArgumentException("maxHeld must be at least 1");
		}
		this.maxHeld = bytes;
	}

	/**
	 * Splits the next bytes of the stream.
	 * @param bytes the bytes, any number; must not be changed afterwards, since events
	 * may share them
	 * @return the events and pieces of events that these bytes complete, in order; often
	 * none
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
	 * Returns the bytes that were not returned: the start of an incomplete event, or
	 * nothing after a piece.
	 * @return the bytes, possibly none
	 */
	public byte[] remainder() {
		return Arrays.copyOf(this.held, this.heldLength);
	}

	/** Returns the index after the last byte of the next event, or -1. */
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

	/** Returns the held bytes and a part of the new ones; then none are held. */
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
			// doubling: an event of many small buffers is copied a few times only
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
