package dev.weir.openai.body;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

import dev.weir.openai.stored.IdShape;

/**
 * Finds in a JSON body what stays the same from turn to turn of a conversation: its
 * tools, its instructions, and its messages up to the first that is not a system message.
 * A backend that has served one turn has these in its prompt cache. Used once, during the
 * scan of the body.
 */
final class PromptScan {

	/**
	 * How much of each part counts. A prompt cache needs 1,024 tokens, about this many
	 * bytes, so prompts that are equal up to here share a cache. A completion's prompt
	 * that grows from turn to turn keeps its key.
	 */
	private static final int MAX_BYTES = 4096;

	private static final byte[][] SYSTEM_ROLES = { "\"system\"".getBytes(StandardCharsets.US_ASCII),
			"\"developer\"".getBytes(StandardCharsets.US_ASCII) };

	private static final int PARTS = Part.values().length;

	private final byte[] body;

	private final int[] from = new int[PARTS];

	private final int[] to = new int[PARTS];

	PromptScan(byte[] body) {
		this.body = body;
	}

	/**
	 * Reads a top-level property. Unless the property is of no interest, the parser is
	 * moved to the end of the value.
	 * @param name the name
	 * @param value the first token of the value, the parser's current token
	 * @param parser the parser
	 * @param start the index in the body of the parser's first byte
	 * @param ids collects the ids in the value
	 * @param shape where the value has ids, or {@code null}
	 * @return whether the value was read
	 */
	boolean read(String name, JsonToken value, JsonParser parser, int start, IdCollector ids, @Nullable IdShape shape) {
		Part part = switch (name) {
			case "prompt_cache_key" ->
				(value == JsonToken.VALUE_STRING && !"".equals(ids.shortString())) ? Part.KEY : null;
			case "tools", "functions" -> Part.TOOLS;
			case "instructions" -> Part.INSTRUCTIONS;
			case "prompt" -> Part.PROMPT;
			case "messages", "input" -> Part.MESSAGES;
			default -> null;
		};
		if (part == null || (value != JsonToken.VALUE_STRING && !value.isStructStart())) {
			return false;
		}
		int first = start + (int) parser.currentTokenLocation().getByteOffset();
		this.from[part.ordinal()] = first;
		if (value == JsonToken.VALUE_STRING) {
			this.to[part.ordinal()] = endOfText(first);
		}
		else if (part == Part.MESSAGES && value == JsonToken.START_ARRAY) {
			this.to[part.ordinal()] = readMessages(parser, start, ids, shape);
		}
		else {
			ids.read(shape);
			this.to[part.ordinal()] = end(parser, start);
		}
		return true;
	}

	/** The parser would have to decode a text to know its end. */
	private int endOfText(int first) {
		int limit = Math.min(this.body.length, first + MAX_BYTES);
		int i = first + 1;
		while (i < limit && this.body[i] != '"') {
			i += (this.body[i] == '\\') ? 2 : 1;
		}
		return Math.min(i, limit);
	}

	/** Returns the index after the first message that is not a system message. */
	private int readMessages(JsonParser parser, int start, IdCollector ids, @Nullable IdShape shape) {
		int end = end(parser, start);
		boolean complete = false;
		for (JsonToken token = parser.nextToken(); token != null
				&& token != JsonToken.END_ARRAY; token = parser.nextToken()) {
			if (complete) {
				ids.read(shape);
				continue;
			}
			complete = token != JsonToken.START_OBJECT || !isSystemMessage(parser, start, ids, shape);
			if (token != JsonToken.START_OBJECT) {
				ids.read(shape);
			}
			end = end(parser, start);
		}
		return end;
	}

	private boolean isSystemMessage(JsonParser parser, int start, IdCollector ids, @Nullable IdShape shape) {
		boolean system = false;
		for (String name = parser.nextName(); name != null; name = parser.nextName()) {
			parser.nextToken();
			if (name.equals("role")) {
				system = isSystemRole(start + (int) parser.currentTokenLocation().getByteOffset());
			}
			ids.read((shape != null) ? shape.property(name) : null);
		}
		return system;
	}

	/** Compares the bytes, because a value of a client is not decoded without need. */
	private boolean isSystemRole(int at) {
		for (byte[] role : SYSTEM_ROLES) {
			int end = Math.min(this.body.length, at + role.length);
			if (Arrays.equals(this.body, at, end, role, 0, role.length)) {
				return true;
			}
		}
		return false;
	}

	private static int end(JsonParser parser, int start) {
		return start + (int) parser.currentLocation().getByteOffset();
	}

	/**
	 * Returns the key of the conversation.
	 * @param model the model, {@code null} if the body has none
	 * @return the client's {@code prompt_cache_key} as a hash, else a hash of what stays
	 * the same; 0 if there is neither
	 */
	long key(@Nullable String model) {
		if (has(Part.KEY)) {
			return nonZero(hash(Part.KEY, 0));
		}
		if (!has(Part.MESSAGES) && !has(Part.PROMPT) && !has(Part.INSTRUCTIONS)) {
			return 0;
		}
		long hash = (model != null) ? model.hashCode() : 0;
		for (Part part : Part.values()) {
			// mixed in a fixed order, whatever order the body has
			hash = hash(part, hash);
		}
		return nonZero(hash);
	}

	private boolean has(Part part) {
		return this.to[part.ordinal()] > this.from[part.ordinal()];
	}

	/** FNV-1a with 64 bits (RFC 9923, section 2), over the bytes of a part. */
	private long hash(Part part, long seed) {
		int first = this.from[part.ordinal()];
		int end = Math.min(this.to[part.ordinal()], Math.min(first + MAX_BYTES, this.body.length));
		long hash = (seed ^ 0xcbf29ce484222325L ^ part.ordinal()) * 0x100000001b3L;
		for (int i = first; i < end; i++) {
			hash = (hash ^ (this.body[i] & 0xFF)) * 0x100000001b3L;
		}
		return hash;
	}

	private static long nonZero(long hash) {
		return (hash != 0) ? hash : 1;
	}

	/** The parts of a body that belong to the key, in the order of a prompt. */
	private enum Part {

		KEY, TOOLS, INSTRUCTIONS, PROMPT, MESSAGES

	}

}
