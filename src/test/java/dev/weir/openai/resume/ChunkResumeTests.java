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

/**
 * Chats and completions. In the tables, a line is one stream; {@code ;} separates events,
 * a word alone is the content of choice 0, {@code !x} a finish reason.
 */
class ChunkResumeTests {

	@Test
	void wheneverAChatBreaksTheClientGetsItOnce() {
		Random random = new Random(11);
		for (int run = 0; run < 40; run++) {
			Story story = new Story(new RandomChunks(random), random, false);
			breakEverywhere(story, random, Operation.CHAT_COMPLETIONS);
		}
	}

	@Test
	void wheneverACompletionBreaksTheClientGetsItOnce() {
		Random random = new Random(12);
		for (int run = 0; run < 40; run++) {
			Story story = new Story(new RandomChunks(random), random, true);
			breakEverywhere(story, random, Operation.COMPLETIONS);
		}
	}

	private static void breakEverywhere(Story story, Random random, Operation operation) {
		int length = story.tell("first").size();
		for (int broken = 0; broken < length; broken++) {
			List<StreamEvent> first = story.tell("first");
			Client client = new Client();
			ResumeRecorder recorder = new ResumeRecorder(operation, 1_000_000);
			for (StreamEvent event : first.subList(0, Math.min(broken, first.size() - 1))) {
				client.get(event);
				recorder.recordDelivered(event);
			}
			assertThat(recorder.canResume()).isTrue();
			List<StreamEvent> second = story.tell("second");
			follow(recorder.startMatching(), second.subList(0, random.nextInt(second.size())), client);
			assertThat(recorder.canResume()).isTrue();
			ResumeMatcher last = recorder.startMatching();
			follow(last, story.tell("third"), client);
			assertThat(last.isRepeating()).isFalse();
			assertThat(recorder.canResume()).isFalse();
			assertThat(client.texts).isEqualTo(story.texts);
			assertThat(client.dones).isEqualTo(1);
			assertThat(client.usages).isEqualTo(1);
		}
	}

	@Test
	void aStreamThatSaysSomethingElseGetsNothingThrough() {
		Random random = new Random(13);
		int diverged = 0;
		for (int run = 0; run < 500; run++) {
			Story story = new Story(new RandomChunks(random), random, false);
			List<StreamEvent> first = story.tell("first");
			Client client = new Client();
			ResumeRecorder recorder = new ResumeRecorder(Operation.CHAT_COMPLETIONS, 1_000_000);
			for (StreamEvent event : first.subList(0, random.nextInt(first.size()))) {
				client.get(event);
				recorder.recordDelivered(event);
			}
			Map<String, String> known = new HashMap<>(client.texts);
			Map<String, String> truth = new HashMap<>(story.texts);
			String key = new ArrayList<>(story.texts.keySet()).get(random.nextInt(story.texts.size()));
			int at = random.nextInt(story.texts.get(key).length());
			String other = new StringBuilder(story.texts.get(key)).replace(at, at + 1, "#").toString();
			story.texts.put(key, other);
			boolean differs = known.getOrDefault(key, "").length() > at;
			ResumeMatcher matcher = recorder.startMatching();
			boolean stopped = !follow(matcher, story.tell("second"), client);
			assertThat(stopped).isEqualTo(differs);
			if (stopped) {
				diverged++;
				// what went out until then is right, and a third stream may go on
				story.texts.put(key, truth.get(key));
				assertThat(matcher.isRepeating()).isTrue();
				assertThat(recorder.canResume()).isTrue();
				assertThat(follow(recorder.startMatching(), story.tell("third"), client)).isTrue();
			}
			assertThat(client.texts).isEqualTo(stopped ? truth : story.texts);
		}
		assertThat(diverged).isBetween(50, 450);
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', nullValues = "-", value = {
			// delivered | new stream | what the client gets of it
			"Hel | Hello;!stop | lo;!stop", "- | Hello;!stop;DONE | Hello;!stop;DONE", "Hello | Hel;lo;!stop | !stop",
			"Hel | Help | p", "Hel | Hal | diverged", "Hello | Hel;!stop | diverged", "Hello | Hel;DONE | diverged",
			"Hello;!stop | Hello;!stop;DONE | DONE", "Hello;!stop | Hello;!length | diverged",
			"Hello;!stop | Hello!;!stop | diverged", "Hello;!stop | Hel;!stop | diverged", "Hello | Hello;DONE | DONE",
			"Hel | : ping;Hello;: ping | lo;: ping",
			"Hel | {'choices':[],'prompt_filter_results':[]};Hello;{'choices':[],'usage':{'a':1}} | lo;{'choices':[],'usage':{'a':1}}",
			"Hel;!stop;{'choices':[],'usage':{'a':1}} | Hel;!stop;{'choices':[],'usage':{'a':2}};DONE | DONE",
			"Hel;!stop | Hel;!stop;{'choices':[],'usage':{'a':2}};DONE | {'choices':[],'usage':{'a':2}};DONE",
			"{'choices':[],'prompt_filter_results':[]} | {'choices':[],'prompt_filter_results':[]};Hi | Hi",
			": ping | {'choices':[],'prompt_filter_results':[]};Hi | {'choices':[],'prompt_filter_results':[]};Hi",
			"Hel | garbage;Hello | diverged", "Hel | Hello;garbage | lo;garbage", "Hel | {'a':1} | diverged",
			"Hel | {'error':{'code':'x'}} | diverged", "Hel | Hello;{'error':{'code':'x'}} | lo;diverged",
			"{'choices':[{'index':0,'delta':{'reasoning_content':'abc'}}]};He | {'choices':[{'index':0,'delta':{'reasoning_content':'abcd'}}]} | diverged",
			"{'choices':[{'index':0,'delta':{'reasoning_content':'ab'}}]} | Hi | diverged",
			"{'choices':[{'index':0,'delta':{'reasoning_content':'ab'}}]} | {'choices':[{'index':0,'delta':{'reasoning_content':'ab','content':'H'}}]};i | H;i",
			"Hel | {'choices':[{'index':0,'delta':{'content':'Hello'},'finish_reason':'stop','x':[1.10]}],'y':{'z':null}} | {'choices':[{'index':0,'delta':{'content':'lo'},'finish_reason':'stop','x':[1.10]}],'y':{'z':null}}",
			"{'choices':[{'index':0,'delta':{'role':'assistant','content':'Hel'}}]} | {'choices':[{'index':0,'delta':{'role':'assistant','content':'Hello'}}]} | lo",
			"Hel | {'choices':[{'index':0,'delta':{'content':'Hel','tool_calls':[{'index':0,'id':'b','function':{'name':'f'}}]}}]} | {'choices':[{'index':0,'delta':{'tool_calls':[{'index':0,'id':'b','function':{'name':'f'}}]}}]}",
			"{'choices':[{'index':0,'delta':{'tool_calls':[{'index':0,'id':'a','function':{'name':'f','arguments':'1'}}]}}]} | {'choices':[{'index':0,'delta':{'tool_calls':[{'index':0,'id':'b','function':{'name':'f','arguments':'12'}}]}}]} | {'choices':[{'index':0,'delta':{'tool_calls':[{'index':0,'function':{'arguments':'2'}}]}}]}",
			"{'choices':[{'index':0,'delta':{'tool_calls':[{'index':0,'id':'a','function':{'name':'f'}}]}}]} | {'choices':[{'index':0,'delta':{'tool_calls':[{'index':0,'id':'b','function':{'name':'g'}}]}}]} | diverged",
			"{'choices':[{'index':0,'delta':{'content':'a'}},{'index':1,'delta':{'content':'b'}}]} | {'choices':[{'index':0,'delta':{'content':'aa'}},{'index':1,'delta':{'content':'b'}}]} | {'choices':[{'index':0,'delta':{'content':'aa'}}]}~aa~a",
			"Hel | {'choices':[{'index':0,'delta':{'content':'Hel','audio':{'id':1}}}]} | {'choices':[{'index':0,'delta':{'audio':{'id':1}}}]}",
			"Hel | {'choices':[{'index':0,'delta':{'content':'He','audio':{'id':1}}}]} | diverged" })
	void onlyWhatIsNewPasses(String delivered, String stream, String expected) {
		ResumeRecorder recorder = new ResumeRecorder(Operation.CHAT_COMPLETIONS, 10_000);
		events(delivered).forEach(recorder::recordDelivered);
		ResumeMatcher matcher = recorder.startMatching();
		List<String> found = new ArrayList<>();
		for (StreamEvent event : events(stream)) {
			ResumeMatcher.Step step = matcher.match(event);
			if (step instanceof ResumeMatcher.Diverged) {
				found.add("diverged");
				assertThat(recorder.canResume()).isTrue();
				break;
			}
			StreamEvent news = ((ResumeMatcher.Deliver) step).event();
			if (news != null) {
				found.add(new String(news.bytes(), StandardCharsets.UTF_8));
			}
		}
		List<String> wanted = new ArrayList<>();
		String[] replace = (expected + "~~").split("~", -1);
		events(replace[0]).forEach((event) -> wanted.add(new String(event.bytes(), StandardCharsets.UTF_8)
			.replace("\"" + replace[1] + "\"", "\"" + replace[2] + "\"")));
		if (expected.endsWith("diverged")) {
			wanted.set(wanted.size() - 1, "diverged");
		}
		assertThat(found).isEqualTo(wanted);
	}

	@ParameterizedTest
	@ValueSource(strings = { "garbage", "{'choices':1}", "{'choices':[{'delta':{'content':'x'}}]}", "{'choices':[1]}",
			"{'choices':[{'index':0,'delta':{'audio':{'id':'x'}}}]}", "{'choices':[{'index':0,'delta':{'x':[1]}}]}",
			"{'choices':[{'index':0,'delta':{'tool_calls':[{'id':'x'}]}}]}", "{'error':{'message':'x'}}", "DONE",
			"{'choices':[{'index':0,'delta':{'content':'x'},'logprobs':{'content':[]}}]}", "!stop;x", "!stop;!length",
			"{'choices':[{'index':0,'message':{'content':'x'}}]}" })
	void whatIsNotUnderstoodCannotBeResumed(String delivered) {
		ResumeRecorder recorder = new ResumeRecorder(Operation.CHAT_COMPLETIONS, 10_000);
		recorder.recordDelivered(RandomChunks.raw(": ping\n\n"));
		assertThat(recorder.canResume()).isTrue();
		events(delivered).forEach(recorder::recordDelivered);
		assertThat(recorder.canResume()).isFalse();
	}

	@Test
	void aPieceOfAnOverlongEventCannotBeResumed() {
		ResumeRecorder recorder = new ResumeRecorder(Operation.CHAT_COMPLETIONS, 10_000);
		recorder.recordDelivered(RandomChunks.piece("data: {}\n\n"));
		assertThat(recorder.canResume()).isFalse();
	}

	@Test
	void anAnswerThatIsTooLongToRememberCannotBeResumedButGoesOn() {
		ResumeRecorder recorder = new ResumeRecorder(Operation.CHAT_COMPLETIONS, 2_000);
		events("a".repeat(500)).forEach(recorder::recordDelivered);
		assertThat(recorder.canResume()).isTrue();
		ResumeMatcher matcher = recorder.startMatching();
		Client client = new Client();
		List<StreamEvent> events = new ArrayList<>();
		StringBuilder rest = new StringBuilder();
		for (int i = 0; i < 200; i++) {
			rest.append("b").append("c".repeat(i % 7));
		}
		events.addAll(events("a".repeat(300)));
		events.addAll(events("a".repeat(200)));
		for (int i = 0; i < rest.length(); i += 5) {
			events.addAll(events(rest.substring(i, Math.min(rest.length(), i + 5))));
		}
		assertThat(follow(matcher, events, client)).isTrue();
		assertThat(recorder.canResume()).isFalse();
		assertThat(client.texts).containsExactly(Map.entry("0/content", rest.toString()));
	}

	private static boolean follow(ResumeMatcher matcher, List<StreamEvent> events, Client client) {
		for (StreamEvent event : events) {
			if (!(matcher.match(event) instanceof ResumeMatcher.Deliver step)) {
				return false;
			}
			if (step.event() != null) {
				client.get(step.event());
			}
		}
		return true;
	}

	private static List<StreamEvent> events(String line) {
		List<StreamEvent> events = new ArrayList<>();
		for (String word : ((line != null) ? line : "").split(";")) {
			if (word.equals("DONE")) {
				events.add(RandomChunks.raw("data: [DONE]\n\n"));
			}
			else if (word.startsWith("{")) {
				events.add(RandomChunks.raw("data: " + word.replace('\'', '"') + "\n\n"));
			}
			else if (word.startsWith("!")) {
				events.add(RandomChunks.raw("data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\""
						+ word.substring(1) + "\"}]}\n\n"));
			}
			else if (word.equals("garbage") || word.startsWith(":")) {
				events.add(RandomChunks.raw((word.equals("garbage") ? "data: {garbage" : word) + "\n\n"));
			}
			else if (!word.isEmpty()) {
				events.add(RandomChunks
					.raw("data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"" + word + "\"}}]}\n\n"));
			}
		}
		return events;
	}

	/** An answer of several choices that is told differently every time. */
	private static final class Story {

		/** By choice and property; {@code 0/!} is the finish reason. */
		private final Map<String, String> texts = new TreeMap<>();

		private final RandomChunks chunks;

		private final Random random;

		private final boolean completion;

		private final int choices;

		Story(RandomChunks chunks, Random random, boolean completion) {
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

		List<StreamEvent> tell(String id) {
			List<List<ObjectNode>> all = new ArrayList<>();
			for (int i = 0; i < this.choices; i++) {
				all.add(choice(i, id));
			}
			List<StreamEvent> events = new ArrayList<>();
			if (this.random.nextBoolean()) {
				events.add(RandomChunks.event(
						RandomChunks.json("{'id':'','model':'','created':0,'choices':[],'prompt_filter_results':[]}")));
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

	/** Puts an answer together as an SDK does, and knows what must not come. */
	private static final class Client {

		private final Map<String, String> texts = new TreeMap<>();

		private final Map<String, String> once = new HashMap<>();

		private int usages;

		private int dones;

		void get(StreamEvent event) {
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

}
