package dev.weir.openai.stream;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

import org.jspecify.annotations.Nullable;

/**
 * Takes out of the stream of a chat or a completion what is in it only because of
 * {@code stream_options.include_usage}: the last chunk, which has the usage and no
 * choices, and the property {@code usage} of the others (OpenAI's API specification,
 * schema {@code CreateChatCompletionStreamResponse}). All other bytes stay. One per
 * stream; not thread-safe.
 */
public final class UsageCut {

	private static final byte[] NAME = "\"usage\"".getBytes(StandardCharsets.US_ASCII);

	private static final byte[] NULL = "null".getBytes(StandardCharsets.US_ASCII);

	// whether a chunk before the last one of its choice had a usage: then every usage is
	// there because of the option. Some servers report the usage in the last chunk of a
	// choice without being asked; that one stays.
	private boolean continuous;

	/**
	 * Takes the usage out of an event.
	 * @param event an event of the backend; a piece of one stays as it is
	 * @return the event that the client gets, or {@code null} if it gets none
	 */
	public @Nullable StreamEvent apply(StreamEvent event) {
		if (!event.isWhole() || !contains(event.bytes())) {
			return event;
		}
		Usage usage = event.usage();
		if (usage != null && event.isWithoutChoices()) {
			// the LF of a CR that ended the event before
			return (event.bytes()[0] == '\n') ? StreamEvent.of(new byte[] { '\n' }) : null;
		}
		this.continuous |= usage != null && !event.isFinish();
		return cut(event, usage == null || this.continuous);
	}

	/** From the end, where the property usually is. */
	private static boolean contains(byte[] bytes) {
		for (int i = bytes.length - NAME.length; i >= 0; i--) {
			if (isName(bytes, i)) {
				return true;
			}
		}
		return false;
	}

	private static boolean isName(byte[] bytes, int at) {
		return bytes[at] == '"' && at + NAME.length <= bytes.length
				&& Arrays.equals(bytes, at, at + NAME.length, NAME, 0, NAME.length);
	}

	private static StreamEvent cut(StreamEvent event, boolean objects) {
		byte[] bytes = event.bytes();
		int depth = 0;
		for (int i = 0; i < bytes.length; i++) {
			byte b = bytes[i];
			if (b == '{' || b == '[') {
				depth++;
			}
			else if (b == '}' || b == ']') {
				depth--;
			}
			else if (b == '"') {
				int colon = (depth == 1 && isName(bytes, i)) ? skipSpace(bytes, i + NAME.length) : bytes.length;
				if (colon < bytes.length && bytes[colon] == ':') {
					int value = skipSpace(bytes, colon + 1);
					int end = endOfValue(bytes, value, objects);
					return (end > value) ? without(bytes, i, end) : event;
				}
				i = endOfString(bytes, i);
			}
		}
		return event;
	}

	/** Returns the index after the value, or a smaller one if the value stays. */
	private static int endOfValue(byte[] bytes, int from, boolean objects) {
		if (from + NULL.length <= bytes.length
				&& Arrays.equals(bytes, from, from + NULL.length, NULL, 0, NULL.length)) {
			return from + NULL.length;
		}
		if (!objects || from >= bytes.length || bytes[from] != '{') {
			return -1;
		}
		int depth = 0;
		for (int i = from; i < bytes.length; i++) {
			switch (bytes[i]) {
				case '"' -> i = endOfString(bytes, i);
				case '{' -> depth++;
				case '}' -> {
					depth--;
					if (depth == 0) {
						return i + 1;
					}
				}
				default -> {
				}
			}
		}
		return -1;
	}

	/** With the comma before the property, or if it is the first, the one after it. */
	private static StreamEvent without(byte[] bytes, int name, int end) {
		int from = name;
		while (from > 0 && isSpace(bytes[from - 1])) {
			from--;
		}
		int to = end;
		if (from > 0 && bytes[from - 1] == ',') {
			from--;
		}
		else {
			from = name;
			int comma = skipSpace(bytes, end);
			if (comma < bytes.length && bytes[comma] == ',') {
				to = skipSpace(bytes, comma + 1);
			}
		}
		byte[] rest = Arrays.copyOf(bytes, bytes.length - (to - from));
		System.arraycopy(bytes, to, rest, from, bytes.length - to);
		return StreamEvent.of(rest);
	}

	/** Returns the index of the closing quote. */
	private static int endOfString(byte[] bytes, int from) {
		int i = from + 1;
		while (i < bytes.length && bytes[i] != '"') {
			i += (bytes[i] == '\\') ? 2 : 1;
		}
		return i;
	}

	private static int skipSpace(byte[] bytes, int from) {
		int i = from;
		while (i < bytes.length && isSpace(bytes[i])) {
			i++;
		}
		return i;
	}

	private static boolean isSpace(byte b) {
		return b == ' ' || b == '\t';
	}

}
