package dev.weir.openai.resume;

import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;

import tools.jackson.databind.JsonNode;

import dev.weir.openai.stream.StreamEvent;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Assembles the chunks like an SDK, and checks that none is invalid.
 */
final class ChunkClient {

	final Map<String, String> texts = new TreeMap<>();

	private final Map<String, String> once = new HashMap<>();

	int usages;

	int dones;

	void receive(StreamEvent event) {
		if (event.data().isEmpty()) {
			return;
		}
		if (event.kind() == StreamEvent.Kind.DONE) {
			this.dones++;
			return;
		}
		assertThat(this.dones).isZero();
		JsonNode chunk = RandomChunks.JSON.readTree(event.data());
		if (chunk.path("usage").isObject()) {
			this.usages++;
		}
		for (String name : new String[] { "id", "model", "system_fingerprint" }) {
			String value = chunk.path(name).asString("");
			if (!value.isEmpty()) {
				assertThat(this.once.computeIfAbsent(name, (it) -> value)).isEqualTo(value);
			}
		}
		for (JsonNode choice : chunk.path("choices")) {
			int index = choice.path("index").intValue();
			assertThat(this.once).doesNotContainKey(index + "/!");
			add(index + "/text", choice.path("text"));
			add(index + "/content", choice.path("delta").path("content"));
			add(index + "/reasoning_content", choice.path("delta").path("reasoning_content"));
			first(index + "/role", choice.path("delta").path("role"));
			for (JsonNode call : choice.path("delta").path("tool_calls")) {
				String key = index + "/call" + call.path("index").intValue();
				first(key + "/id", call.path("id"));
				first(key + "/type", call.path("type"));
				assertThat(this.once).containsKeys(key + "/id", key + "/type");
				add(key + "/name", call.path("function").path("name"));
				add(key + "/arguments", call.path("function").path("arguments"));
			}
			first(index + "/!", choice.path("finish_reason"));
		}
	}

	private void add(String key, JsonNode part) {
		if (!part.asString("").isEmpty()) {
			this.texts.merge(key, part.stringValue(), String::concat);
		}
	}

	private void first(String key, JsonNode value) {
		if (value.isString()) {
			assertThat(this.once.put(key, value.stringValue())).as(key).isNull();
		}
	}

}
