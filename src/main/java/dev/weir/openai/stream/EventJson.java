package dev.weir.openai.stream;

import java.nio.charset.StandardCharsets;

import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.TokenStreamFactory;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.cfg.JsonNodeFeature;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * Converts the data of an event to a JSON tree and back. Every property, every digit of a
 * number and every half of a surrogate pair is preserved.
 */
final class EventJson {

	private static final JsonMapper JSON = JsonMapper.builder(JsonFactory.builder()
		// the cache of property names would keep foreign names
		.disable(TokenStreamFactory.Feature.CANONICALIZE_PROPERTY_NAMES)
		.build())
		.enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
		.enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
		.disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
		.build();

	private EventJson() {
	}

	/** Returns the data, or {@code null} if it is not a JSON object. */
	static @Nullable ObjectNode read(ParsedEvent fields) {
		try {
			return (JSON.readTree(fields.bytes(), fields.from(),
					fields.to() - fields.from()) instanceof ObjectNode object) ? object : null;
		}
		catch (JacksonException ex) {
			return null;
		}
	}

	/**
	 * Creates an event.
	 * @param data the data
	 * @param event the value of the field {@code event}, or {@code null} for none
	 * @return a whole event
	 */
	static StreamEvent write(ObjectNode data, @Nullable String event) {
		StringBuilder text = new StringBuilder();
		if (event != null) {
			text.append("event: ").append(event).append('\n');
		}
		text.append("data: ");
		escapeHalfPairs(JSON.writeValueAsString(data), text);
		return StreamEvent.of(text.append("\n\n").toString().getBytes(StandardCharsets.UTF_8));
	}

	/** UTF-8 cannot encode half of a surrogate pair, so it must stay an escape. */
	private static void escapeHalfPairs(String json, StringBuilder escaped) {
		int from = 0;
		for (int i = 0; i < json.length(); i++) {
			char c = json.charAt(i);
			if (!Character.isSurrogate(c)) {
				continue;
			}
			if (Character.isHighSurrogate(c) && i + 1 < json.length() && Character.isLowSurrogate(json.charAt(i + 1))) {
				i++;
				continue;
			}
			escaped.append(json, from, i).append("\\u").append(Integer.toHexString(c));
			from = i + 1;
		}
		escaped.append(json, from, json.length());
	}

}
