package dev.weir.openai.resume;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

import tools.jackson.core.json.JsonWriteFeature;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

import dev.weir.openai.stream.EventSplitter;
import dev.weir.openai.stream.StreamEvent;

/**
 * Creates random texts and cuts them into parts of random sizes.
 */
final class RandomChunks {

	static final JsonMapper JSON = JsonMapper.builder().enable(JsonWriteFeature.ESCAPE_NON_ASCII).build();

	private static final String[] WORDS = { "Hello", " ", "wörld", "😀", "\n", "\"quoted\"", "\\", "日本", "\t", "aa",
			"{\"a\":", "\u0000" };

	private final Random random;

	RandomChunks(Random random) {
		this.random = random;
	}

	String text() {
		StringBuilder text = new StringBuilder("x");
		for (int n = this.random.nextInt(8); n > 0; n--) {
			text.append(WORDS[this.random.nextInt(WORDS.length)]);
		}
		return text.toString();
	}

	/** Cuts anywhere, also inside surrogate pairs, and inserts empty parts. */
	List<String> cut(String text) {
		List<String> parts = new ArrayList<>();
		int size = 1 + this.random.nextInt(12);
		for (int from = 0; from < text.length();) {
			int to = Math.min(text.length(), from + this.random.nextInt(size + 1));
			parts.add(text.substring(from, to));
			from = to;
		}
		return parts;
	}

	static ObjectNode json(String json) {
		return (ObjectNode) JSON.readTree(json.replace('\'', '"'));
	}

	static StreamEvent event(ObjectNode json) {
		return raw("data: " + JSON.writeValueAsString(json) + "\n\n");
	}

	static StreamEvent raw(String text) {
		return StreamEvent.of(text.getBytes(StandardCharsets.UTF_8));
	}

	/** Makes a piece of an event that is too long to be held. */
	static StreamEvent piece(String text) {
		return new EventSplitter(1).add(text.getBytes(StandardCharsets.UTF_8)).get(0);
	}

}
