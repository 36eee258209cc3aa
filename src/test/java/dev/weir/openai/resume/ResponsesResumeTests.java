package dev.weir.openai.resume;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

import dev.weir.openai.call.Operation;
import dev.weir.openai.stream.StreamEvent;

import static org.assertj.core.api.Assertions.assertThat;

class ResponsesResumeTests {

	@Test
	void aResponseThatBreaksAnywhereIsDeliveredOnce() {
		Random random = new Random(21);
		for (int run = 0; run < 40; run++) {
			ResponseSource source = new ResponseSource(new RandomChunks(random), random);
			int length = source.stream("first").size();
			for (int broken = 0; broken < length; broken++) {
				List<StreamEvent> first = source.stream("first");
				ResponseClient client = new ResponseClient();
				ResumeRecorder recorder = new ResumeRecorder(Operation.RESPONSES, 1_000_000);
				for (StreamEvent event : first.subList(0, Math.min(broken, first.size() - 1))) {
					client.receive(event);
					recorder.recordDelivered(event);
				}
				assertThat(recorder.canResume()).isTrue();
				List<StreamEvent> second = source.stream("second");
				assertThat(relay(recorder.startMatching(), second.subList(0, random.nextInt(second.size())), client))
					.isEqualTo("ok");
				assertThat(recorder.canResume()).isTrue();
				ResumeMatcher last = recorder.startMatching();
				assertThat(relay(last, source.stream("third"), client)).isEqualTo("ok");
				assertThat(last.isRepeating()).isFalse();
				assertThat(recorder.canResume()).isFalse();
				assertThat(client.texts).isEqualTo(source.texts);
				assertThat(client.steps).isEqualTo(steps(source.stream("any")));
			}
		}
	}

	@Test
	void nothingOfADivergingStreamPasses() {
		Random random = new Random(23);
		int diverged = 0;
		for (int run = 0; run < 500; run++) {
			ResponseSource source = new ResponseSource(new RandomChunks(random), random);
			List<StreamEvent> first = source.stream("first");
			ResponseClient client = new ResponseClient();
			ResumeRecorder recorder = new ResumeRecorder(Operation.RESPONSES, 1_000_000);
			for (StreamEvent event : first.subList(0, random.nextInt(first.size()))) {
				client.receive(event);
				recorder.recordDelivered(event);
			}
			Map<String, String> known = new HashMap<>(client.texts);
			Map<String, String> truth = new HashMap<>(source.texts);
			String key = new ArrayList<>(source.texts.keySet()).get(random.nextInt(source.texts.size()));
			int at = random.nextInt(source.texts.get(key).length());
			source.texts.put(key, new StringBuilder(source.texts.get(key)).replace(at, at + 1, "#").toString());
			boolean differs = known.getOrDefault(key, "").length() > at;
			boolean stopped = !relay(recorder.startMatching(), source.stream("second"), client).equals("ok");
			assertThat(stopped).isEqualTo(differs);
			if (stopped) {
				diverged++;
				source.texts.put(key, truth.get(key));
				assertThat(recorder.canResume()).isTrue();
				assertThat(relay(recorder.startMatching(), source.stream("third"), client)).isEqualTo("ok");
			}
			assertThat(client.texts).isEqualTo(source.texts);
		}
		assertThat(diverged).isBetween(50, 450);
	}

	/**
	 * Short forms of events: {@code c} is created, {@code +m} an item of a type is added,
	 * {@code 'x'} a delta, {@code .x} its text is done, {@code -} the item is done,
	 * {@code =} the response is complete.
	 */
	@ParameterizedTest
	@CsvSource(delimiter = '|', quoteCharacter = '"', nullValues = "none",
			value = { "c +m 'He' | c +m 'Hello' .Hello - = | 'llo' .Hello - =", "c | c +m 'a' = | +m 'a' =",
					"c +m | c +m 'a' = | 'a' =", "c +m 'ab' .ab | c +m 'a' 'b' .ab - = | - =",
					"c +m 'ab' .ab - | c +m 'a' 'b' .ab - = | =", "c +m 'ab' | c +m 'ac' | diverged",
					"c +m 'ab' .ab | c +m 'abc' | diverged", "c +m 'ab' .ab | c +m 'a' .a | diverged",
					"c +m 'ab' | c +m 'a' .a | diverged", "c +m 'ab' | c +m 'a' - | diverged",
					"c +m 'ab' | c +m 'a' = | diverged", "c +m | c = | diverged", "c +m | c +r | diverged",
					"c +m 'ab' | 'ab' 'c' | diverged", "c +m 'ab' | +m 'ab' 'c' | 'c'",
					"c +m 'ab' | c i +m 'abc' | 'c'", "c | c i +m | i +m", "c +m 'a' | c +m 'ab' ? 'c' | 'b' ? 'c'",
					"c +m 'ab' | c +m ? | diverged", "c +m 'a' | c +m 'a' ? | ?",
					"c +m 'a' | c +m 'ab' e | 'b' diverged", "c +m 'a' | : c : +m 'ab' : | 'b' :" })
	void onlyNewContentPasses(String delivered, String stream, String expected) {
		ResumeRecorder recorder = new ResumeRecorder(Operation.RESPONSES, 100_000);
		for (String step : delivered.split(" ")) {
			recorder.recordDelivered(event(step));
		}
		ResumeMatcher matcher = recorder.startMatching();
		List<String> found = new ArrayList<>();
		for (String step : stream.split(" ")) {
			if (!(matcher.match(event(step)) instanceof ResumeMatcher.Deliver deliver)) {
				found.add("diverged");
				assertThat(matcher.match(event(step))).isInstanceOf(ResumeMatcher.Diverged.class);
				assertThat(matcher.isRepeating()).isTrue();
				break;
			}
			if (deliver.event() != null) {
				found.add(new String(deliver.event().bytes(), StandardCharsets.UTF_8));
			}
		}
		List<String> wanted = new ArrayList<>();
		for (String step : expected.split(" ")) {
			wanted.add(step.equals("diverged") ? step : new String(event(step).bytes(), StandardCharsets.UTF_8));
		}
		assertThat(found).isEqualTo(wanted);
	}

	@ParameterizedTest
	@ValueSource(strings = { "?", "e", "=", "+x", "{'type':'response.output_text.delta','output_index':0,'delta':1}",
			"{'type':'response.output_text.delta','output_index':0}",
			"{'type':'response.output_text.delta','delta':'x'}",
			"{'type':'response.output_text.delta','output_index':0,'delta':'x','logprobs':[{}]}",
			"{'type':'response.mcp_call_arguments.delta','output_index':0,'delta':'x'}", "{'a':1}", "{" })
	void aStreamWithAnUnknownEventCannotBeResumed(String delivered) {
		ResumeRecorder recorder = new ResumeRecorder(Operation.RESPONSES, 10_000);
		recorder.recordDelivered(event("c"));
		assertThat(recorder.canResume()).isTrue();
		recorder.recordDelivered(event(delivered));
		assertThat(recorder.canResume()).isFalse();
	}

	@Test
	void idsAndSequenceNumbersContinueAndUnknownPropertiesStay() {
		ResumeRecorder recorder = new ResumeRecorder(Operation.RESPONSES, 10_000);
		recorder.recordDelivered(
				raw("{'type':'response.created','sequence_number':0,'response':{'id':'r1','created_at':1}}"));
		recorder.recordDelivered(raw("{'type':'response.output_item.added','sequence_number':1,'output_index':0,"
				+ "'item':{'id':'i1','call_id':'c1','type':'function_call','name':'f'}}"));
		ResumeMatcher matcher = recorder.startMatching();
		matcher.match(raw("{'type':'response.created','sequence_number':0,'response':{'id':'r2','created_at':2}}"));
		matcher.match(raw("{'type':'response.output_item.added','sequence_number':7,'output_index':0,"
				+ "'item':{'id':'i2','call_id':'c2','type':'function_call','name':'f'}}"));
		assertThat(next(matcher,
				"{'type':'response.function_call_arguments.delta','sequence_number':8,"
						+ "'output_index':0,'item_id':'i2','delta':'\ud83d','obfuscation':'x','n':1.10}"))
			.isEqualTo("event: e\ndata: {'type':'response.function_call_arguments.delta','sequence_number':2,"
					+ "'output_index':0,'item_id':'i1','delta':'\\ud83d','obfuscation':'x','n':1.10}\n\n");
		assertThat(next(matcher, "{'type':'response.unknown','item_id':'i2','output_index':0,'a':null}"))
			.isEqualTo("event: e\ndata: {'type':'response.unknown','item_id':'i1','output_index':0,'a':null}\n\n");
		assertThat(next(matcher,
				"{'type':'response.output_item.added','output_index':1,'item':{'id':'new','type':'message'}}"))
			.isEqualTo(
					"event: e\ndata: {'type':'response.output_item.added','output_index':1,'item':{'id':'new','type':'message'}}\n\n");
		assertThat(next(matcher,
				"{'type':'response.completed','sequence_number':1,'response':{'id':'r2','created_at':2,'output':["
						+ "{'id':'i2','call_id':'c2'},{'id':'new'}],'x':{}}}"))
			.isEqualTo("event: e\ndata: {'type':'response.completed','sequence_number':3,'response':{'id':'r1',"
					+ "'created_at':1,'output':[{'id':'i1','call_id':'c1'},{'id':'new'}],'x':{}}}\n\n");
	}

	private static String next(ResumeMatcher matcher, String json) {
		StreamEvent event = raw(json.replace("\ud83d", "\\ud83d"));
		return (matcher.match(event) instanceof ResumeMatcher.Deliver deliver && deliver.event() != null)
				? new String(deliver.event().bytes(), StandardCharsets.UTF_8).replace('"', '\'') : "nothing";
	}

	private static StreamEvent raw(String json) {
		return RandomChunks.raw("event: e\ndata: " + json.replace('\'', '"') + "\n\n");
	}

	private static StreamEvent event(String step) {
		if (step.equals(":")) {
			return RandomChunks.raw(": ping\n\n");
		}
		String text = step.substring(1).replace("'", "");
		return raw(switch (step.charAt(0)) {
			case 'c' -> "{'type':'response.created'}";
			case 'i' -> "{'type':'response.in_progress'}";
			case '+' -> "{'type':'response.output_item.added','output_index':0,'item':{'type':'"
					+ Map.of("m", "message", "r", "reasoning").getOrDefault(text, "web_search_call") + "'}}";
			case '\'' ->
				"{'type':'response.output_text.delta','output_index':0,'content_index':0,'delta':'" + text + "'}";
			case '.' -> "{'type':'response.output_text.done','output_index':0,'content_index':0,'text':'" + text + "'}";
			case '-' -> "{'type':'response.output_item.done','output_index':0,'item':{'type':'message'}}";
			case '=' -> "{'type':'response.completed'}";
			case '?' -> "{'type':'response.unknown'}";
			case 'e' -> "{'type':'error'}";
			default -> step;
		});
	}

	private static String relay(ResumeMatcher matcher, List<StreamEvent> events, ResponseClient client) {
		for (StreamEvent event : events) {
			ResumeMatcher.Step step = matcher.match(event);
			if (step instanceof ResumeMatcher.Diverged diverged) {
				return diverged.reason();
			}
			StreamEvent news = ((ResumeMatcher.Deliver) step).event();
			if (news != null) {
				client.receive(news);
			}
		}
		return "ok";
	}

	private static List<String> steps(List<StreamEvent> events) {
		ResponseClient client = new ResponseClient();
		events.forEach(client::receive);
		return client.steps;
	}

	/** A response of several items that is cut into different events each time. */
	private static final class ResponseSource {

		private final Map<String, String> texts = new TreeMap<>();

		private final RandomChunks chunks;

		private final Random random;

		private final int items;

		private final List<ObjectNode> events = new ArrayList<>();

		private String id = "";

		ResponseSource(RandomChunks chunks, Random random) {
			this.chunks = chunks;
			this.random = random;
			this.items = 1 + random.nextInt(3);
			for (int i = 0; i < this.items; i++) {
				this.texts.put("response." + kind(i) + ".delta/" + i + "/0", chunks.text());
				if (i == 1) {
					this.texts.put("response." + kind(i) + ".delta/" + i + "/1", chunks.text());
				}
			}
		}

		private static String kind(int item) {
			return new String[] { "reasoning_summary_text", "output_text", "function_call_arguments" }[item];
		}

		List<StreamEvent> stream(String id) {
			this.events.clear();
			this.id = id;
			response("created", 0);
			response("in_progress", 0);
			for (int i = 0; i < this.items; i++) {
				event("output_item.added", i).set("item", item(i, false));
				for (int part = 0; this.texts.containsKey("response." + kind(i) + ".delta/" + i + "/" + part); part++) {
					part(i, part);
				}
				event("output_item.done", i).set("item", item(i, true));
			}
			response("completed", this.items);
			List<StreamEvent> all = new ArrayList<>();
			for (ObjectNode event : this.events) {
				event.put("sequence_number", all.stream().filter((it) -> !it.data().isEmpty()).count());
				all.add(RandomChunks.raw("event: " + event.path("type").stringValue() + "\ndata: "
						+ RandomChunks.JSON.writeValueAsString(event) + "\n\n"));
				if (!"response.completed".equals(event.path("type").stringValue()) && this.random.nextInt(10) == 0) {
					all.add(RandomChunks.raw(": ping\n\n"));
				}
			}
			return all;
		}

		private void part(int item, int part) {
			String kind = kind(item);
			String text = this.texts.get("response." + kind + ".delta/" + item + "/" + part);
			String index = (item == 0) ? "summary_index" : "content_index";
			String parts = (item == 0) ? "reasoning_summary_part" : "content_part";
			if (item < 2) {
				event(parts + ".added", item).put(index, part).putObject("part").put("text", "");
			}
			for (String delta : this.chunks.cut(text)) {
				event(kind + ".delta", item).put(index, part).put("delta", delta).putArray("logprobs");
			}
			event(kind + ".done", item).put(index, part).put((item < 2) ? "text" : "arguments", text);
			if (item < 2) {
				event(parts + ".done", item).put(index, part).putObject("part").put("text", text);
			}
		}

		private ObjectNode event(String type, int item) {
			ObjectNode event = RandomChunks.json("{}").put("type", "response." + type).put("output_index", item);
			if (!type.startsWith("output_item")) {
				event.put("item_id", "item-" + item + "-of-" + this.id);
			}
			this.events.add(event);
			return event;
		}

		private ObjectNode item(int index, boolean done) {
			ObjectNode item = RandomChunks.json("{}")
				.put("id", "item-" + index + "-of-" + this.id)
				.put("type", new String[] { "reasoning", "message", "function_call" }[index]);
			if (index == 0) {
				item.put("encrypted_content", "of-" + this.id);
			}
			if (index == 1) {
				ArrayNode content = item.putArray("content");
				for (int part = 0; done && part < 2; part++) {
					content.addObject().put("text", this.texts.get("response." + kind(1) + ".delta/1/" + part));
				}
			}
			if (index == 2) {
				item.put("call_id", "call-of-" + this.id)
					.put("name", "f")
					.put("arguments", done ? this.texts.get("response." + kind(2) + ".delta/2/0") : "");
			}
			return item;
		}

		private void response(String type, int items) {
			ObjectNode event = RandomChunks.json("{}").put("type", "response." + type);
			ArrayNode output = event.putObject("response").put("id", this.id).put("model", this.id).putArray("output");
			for (int i = 0; i < items; i++) {
				output.add(item(i, true));
			}
			this.events.add(event);
		}

	}

	/** Assembles the events like an SDK, and checks that none is invalid. */
	private static final class ResponseClient {

		private final Map<String, String> texts = new TreeMap<>();

		private final Map<String, String> ids = new HashMap<>();

		/** The keys of the events that are not deltas, in their order. */
		private final List<String> steps = new ArrayList<>();

		private int number;

		void receive(StreamEvent event) {
			if (event.data().isEmpty()) {
				return;
			}
			JsonNode json = RandomChunks.JSON.readTree(event.data());
			String type = json.path("type").stringValue();
			assertThat(event.bytes()).asString().startsWith("event: " + type + "\n");
			assertThat(event.sequenceNumber()).isEqualTo(this.number++);
			String item = "item" + json.path("output_index").asInt(-1);
			same(item, json.path("item_id"));
			same(item, json.path("item").path("id"));
			same(item + "/call", json.path("item").path("call_id"));
			same("response", json.path("response").path("id"));
			same("model", json.path("response").path("model"));
			for (int i = 0; i < json.path("response").path("output").size(); i++) {
				same("item" + i, json.path("response").path("output").path(i).path("id"));
				same("item" + i + "/call", json.path("response").path("output").path(i).path("call_id"));
			}
			String key = type + "/" + json.path("output_index").asInt(-1) + "/"
					+ Math.max(json.path("summary_index").asInt(-1), json.path("content_index").asInt(-1));
			if (type.endsWith(".delta")) {
				this.texts.merge(key, json.path("delta").stringValue(), String::concat);
			}
			else {
				this.steps.add(key);
			}
			if (type.endsWith("_text.done")) {
				assertThat(json.path("text").stringValue()).isEqualTo(this.texts.get(key.replace("done", "delta")));
			}
		}

		private void same(String key, JsonNode id) {
			if (id.isString()) {
				assertThat(this.ids.computeIfAbsent(key, (it) -> id.stringValue())).isEqualTo(id.stringValue());
			}
		}

	}

}
