package dev.weir.openai.resume;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

import dev.weir.openai.stream.StreamEvent;

/**
 * A response of several choices that is cut into different chunks each time.
 */
final class ChunkSource {

	/** By choice and property; {@code 0/!} is the finish reason. */
	final Map<String, String> texts = new TreeMap<>();

	private final RandomChunks chunks;

	private final Random random;

	private final boolean completion;

	private final int choices;

	ChunkSource(RandomChunks chunks, Random random, boolean completion) {
		this.chunks = chunks;
		this.random = random;
		this.completion = completion;
		this.choices = 1 + random.nextInt(2);
		for (int i = 0; i < this.choices; i++) {
			if (completion) {
				this.texts.put(i + "/text", chunks.text());
				continue;
			}
			if (random.nextBoolean()) {
				this.texts.put(i + "/reasoning_content", chunks.text());
			}
			this.texts.put(i + "/content", chunks.text());
			for (int call = random.nextInt(3) - 1; call >= 0; call--) {
				this.texts.put(i + "/call" + call + "/name", chunks.text());
				this.texts.put(i + "/call" + call + "/arguments", chunks.text());
			}
		}
	}

	List<StreamEvent> stream(String id) {
		List<List<ObjectNode>> all = new ArrayList<>();
		for (int i = 0; i < this.choices; i++) {
			all.add(choice(i, id));
		}
		List<StreamEvent> events = new ArrayList<>();
		if (this.random.nextBoolean()) {
			events.add(RandomChunks
				.event(RandomChunks.json("{'id':'','model':'','created':0,'choices':[],'prompt_filter_results':[]}")));
		}
		while (!all.isEmpty()) {
			List<ObjectNode> one = all.get(this.random.nextInt(all.size()));
			events.add(RandomChunks.event(chunk(id, one.remove(0))));
			if (this.random.nextInt(8) == 0) {
				events.add(RandomChunks.raw(": ping\n\n"));
			}
			all.removeIf(List::isEmpty);
		}
		ObjectNode usage = chunk(id, null);
		usage.putObject("usage").put("prompt_tokens", 1);
		events.add(RandomChunks.event(usage));
		events.add(RandomChunks.raw("data: [DONE]\n\n"));
		return events;
	}

	private List<ObjectNode> choice(int index, String id) {
		List<ObjectNode> parts = new ArrayList<>();
		if (this.completion) {
			this.chunks.cut(this.texts.get(index + "/text"))
				.forEach((text) -> parts.add(RandomChunks.json("{'index':" + index + "}").put("text", text)));
		}
		else {
			parts.add(delta(index, RandomChunks.json("{'role':'assistant','content':''}")));
			for (String name : new String[] { "reasoning_content", "content" }) {
				this.chunks.cut(this.texts.getOrDefault(index + "/" + name, ""))
					.forEach((text) -> parts.add(delta(index, RandomChunks.json("{}").put(name, text))));
			}
			for (int call = 0; this.texts.containsKey(index + "/call" + call + "/name"); call++) {
				String key = index + "/call" + call;
				parts.add(call(index, call,
						RandomChunks.json("{'arguments':''}").put("name", this.texts.get(key + "/name")), id));
				for (String text : this.chunks.cut(this.texts.get(key + "/arguments"))) {
					parts.add(call(index, call, RandomChunks.json("{}").put("arguments", text), null));
				}
			}
		}
		if (this.random.nextBoolean()) {
			parts.add(RandomChunks.json("{'delta':{}}").put("index", index));
		}
		parts.get(parts.size() - 1).put("finish_reason", "stop");
		return parts;
	}

	private static ObjectNode call(int index, int call, ObjectNode function, String id) {
		ObjectNode delta = RandomChunks.json("{}");
		ObjectNode one = delta.putArray("tool_calls").addObject().put("index", call);
		if (id != null) {
			one.put("id", id + call).put("type", "function");
		}
		one.set("function", function);
		return delta(index, delta);
	}

	private static ObjectNode delta(int index, ObjectNode delta) {
		ObjectNode choice = RandomChunks.json("{'finish_reason':null}").put("index", index);
		choice.set("delta", delta);
		return choice;
	}

	private static ObjectNode chunk(String id, ObjectNode choice) {
		ObjectNode chunk = RandomChunks.json("{'object':'chunk','created':1,'usage':null}")
			.put("id", id)
			.put("model", "of-" + id)
			.put("system_fingerprint", "fp-" + id);
		chunk.putArray("choices");
		if (choice != null) {
			((ArrayNode) chunk.path("choices")).add(choice);
		}
		return chunk;
	}

}
