package dev.weir.openai.stream;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

import org.jspecify.annotations.Nullable;

/**
 * The fields {@code event} and {@code data} of one event, read by the rules of WHATWG
 * HTML, "Server-sent events", section "Interpreting an event stream".
 *
 * @param event the last {@code event} field, or {@code null}
 * @param bytes the bytes that contain the data; several {@code data} lines are joined
 * with LF
 * @param from the index of the data's first byte; equal to {@code to} without data
 * @param to the index after the data
 */
record ParsedEvent(@Nullable String event, byte[] bytes, int from, int to) {

	static ParsedEvent of(byte[] bytes) {
		String event = null;
		ByteArrayOutputStream joined = null;
		boolean found = false;
		int from = 0;
		int to = 0;
		// a stream may begin with a byte order mark
		int start = (bytes.length > 2 && bytes[0] == (byte) 0xEF && bytes[1] == (byte) 0xBB && bytes[2] == (byte) 0xBF)
				? 3 : 0;
		for (int end; start < bytes.length; start = end + 1) {
			end = endOfLine(bytes, start);
			int value = valueOf("data", bytes, start, end);
			if (value >= 0) {
				if (found && joined == null) {
					joined = new ByteArrayOutputStream(bytes.length);
					joined.write(bytes, from, to - from);
				}
				if (joined != null) {
					joined.write('\n');
					joined.write(bytes, value, end - value);
				}
				found = true;
				from = value;
				to = end;
				continue;
			}
			value = valueOf("event", bytes, start, end);
			if (value >= 0) {
				event = new String(bytes, value, end - value, StandardCharsets.UTF_8);
			}
		}
		return (joined != null) ? new ParsedEvent(event, joined.toByteArray(), 0, joined.size())
				: new ParsedEvent(event, bytes, from, to);
	}

	boolean hasData() {
		return this.to > this.from;
	}

	String data() {
		return new String(this.bytes, this.from, this.to - this.from, StandardCharsets.UTF_8);
	}

	/**
	 * Whether the data marks the end of the stream. Like OpenAI's SDKs, this accepts more
	 * text on the line.
	 */
	boolean isDone() {
		return startsWith("[DONE]", this.bytes, this.from, this.to);
	}

	/** The other half of a CRLF is read as an empty line, which has no meaning. */
	private static int endOfLine(byte[] bytes, int from) {
		int end = from;
		while (end < bytes.length && bytes[end] != '\n' && bytes[end] != '\r') {
			end++;
		}
		return end;
	}

	/** Returns the index of the field's value if the line is this field, else -1. */
	private static int valueOf(String field, byte[] bytes, int from, int to) {
		if (!startsWith(field, bytes, from, to)) {
			return -1;
		}
		int colon = from + field.length();
		if (colon == to) {
			return to;
		}
		if (bytes[colon] != ':') {
			return -1;
		}
		return (colon + 1 < to && bytes[colon + 1] == ' ') ? colon + 2 : colon + 1;
	}

	private static boolean startsWith(String text, byte[] bytes, int from, int to) {
		if (to - from < text.length()) {
			return false;
		}
		for (int i = 0; i < text.length(); i++) {
			if (bytes[from + i] != text.charAt(i)) {
				return false;
			}
		}
		return true;
	}

}
