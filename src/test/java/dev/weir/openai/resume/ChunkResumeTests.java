package dev.weir.openai.resume;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import dev.weir.openai.call.Operation;
import dev.weir.openai.stream.StreamEvent;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Resuming chats and completions. In the tables, {@code ;} separates the events of a
 * stream, a plain word is content of choice 0, and {@code !x} is a finish reason.
 */
class ChunkResumeTests {

	@Test
	void aChatThatBreaksAnywhereIsDeliveredOnce() {
		Random random = new Random(11);
		for (int run = 0; run < 40; run++) {
			ChunkSource source = new ChunkSource(new RandomChunks(random), random, false);
			breakEverywhere(source, random, Operation.CHAT_COMPLETIONS);
		}
	}

	@Test
	void aCompletionThatBreaksAnywhereIsDeliveredOnce() {
		Random random = new Random(12);
		for (int run = 0; run < 40; run++) {
			ChunkSource source = new ChunkSource(new RandomChunks(random), random, true);
			breakEverywhere(source, random, Operation.COMPLETIONS);
		}
	}

	private static void breakEverywhere(ChunkSource source, Random random, Operation operation) {
		int length = source.stream("first").size();
		for (int broken = 0; broken < length; broken++) {
			List<StreamEvent> first = source.stream("first");
			ChunkClient client = new ChunkClient();
			ResumeRecorder recorder = new ResumeRecorder(operation, 1_000_000);
			for (StreamEvent event : first.subList(0, Math.min(broken, first.size() - 1))) {
				client.receive(event);
				recorder.recordDelivered(event);
			}
			assertThat(recorder.canResume()).isTrue();
			List<StreamEvent> second = source.stream("second");
			relay(recorder.startMatching(), second.subList(0, random.nextInt(second.size())), client);
			assertThat(recorder.canResume()).isTrue();
			ResumeMatcher last = recorder.startMatching();
			relay(last, source.stream("third"), client);
			assertThat(last.isRepeating()).isFalse();
			assertThat(recorder.canResume()).isFalse();
			assertThat(client.texts).isEqualTo(source.texts);
			assertThat(client.dones).isEqualTo(1);
			assertThat(client.usages).isEqualTo(1);
		}
	}

	@Test
	void nothingOfADivergingStreamPasses() {
		Random random = new Random(13);
		int diverged = 0;
		for (int run = 0; run < 500; run++) {
			ChunkSource source = new ChunkSource(new RandomChunks(random), random, false);
			List<StreamEvent> first = source.stream("first");
			ChunkClient client = new ChunkClient();
			ResumeRecorder recorder = new ResumeRecorder(Operation.CHAT_COMPLETIONS, 1_000_000);
			for (StreamEvent event : first.subList(0, random.nextInt(first.size()))) {
				client.receive(event);
				recorder.recordDelivered(event);
			}
			Map<String, String> known = new HashMap<>(client.texts);
			Map<String, String> truth = new HashMap<>(source.texts);
			String key = new ArrayList<>(source.texts.keySet()).get(random.nextInt(source.texts.size()));
			int at = random.nextInt(source.texts.get(key).length());
			String other = new StringBuilder(source.texts.get(key)).replace(at, at + 1, "#").toString();
			source.texts.put(key, other);
			boolean differs = known.getOrDefault(key, "").length() > at;
			ResumeMatcher matcher = recorder.startMatching();
			boolean stopped = !relay(matcher, source.stream("second"), client);
			assertThat(stopped).isEqualTo(differs);
			if (stopped) {
				diverged++;
				// the delivered events are correct, and a third stream may continue
				source.texts.put(key, truth.get(key));
				assertThat(matcher.isRepeating()).isTrue();
				assertThat(recorder.canResume()).isTrue();
				assertThat(relay(recorder.startMatching(), source.stream("third"), client)).isTrue();
			}
			assertThat(client.texts).isEqualTo(stopped ? truth : source.texts);
		}
		assertThat(diverged).isBetween(50, 450);
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', nullValues = "-", value = {
			// delivered | new stream | its events for the client
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
	void onlyNewContentPasses(String delivered, String stream, String expected) {
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
	void aStreamWithAnUnknownEventCannotBeResumed(String delivered) {
		ResumeRecorder recorder = new ResumeRecorder(Operation.CHAT_COMPLETIONS, 10_000);
		recorder.recordDelivered(RandomChunks.raw(": ping\n\n"));
		assertThat(recorder.canResume()).isTrue();
		events(delivered).forEach(recorder::recordDelivered);
		assertThat(recorder.canResume()).isFalse();
	}

	@Test
	void aStreamWithAPieceOfALongEventCannotBeResumed() {
		ResumeRecorder recorder = new ResumeRecorder(Operation.CHAT_COMPLETIONS, 10_000);
		recorder.recordDelivered(RandomChunks.piece("data: {}\n\n"));
		assertThat(recorder.canResume()).isFalse();
	}

	@Test
	void aStreamThatIsTooLongToRecordCannotBeResumedButContinues() {
		ResumeRecorder recorder = new ResumeRecorder(Operation.CHAT_COMPLETIONS, 2_000);
		events("a".repeat(500)).forEach(recorder::recordDelivered);
		assertThat(recorder.canResume()).isTrue();
		ResumeMatcher matcher = recorder.startMatching();
		ChunkClient client = new ChunkClient();
		List<StreamEvent> events = new ArrayList<>();
		StringBuilder remaining = new StringBuilder();
		for (int i = 0; i < 200; i++) {
			remaining.append("b").append("c".repeat(i % 7));
		}
		events.addAll(events("a".repeat(300)));
		events.addAll(events("a".repeat(200)));
		for (int i = 0; i < remaining.length(); i += 5) {
			events.addAll(events(remaining.substring(i, Math.min(remaining.length(), i + 5))));
		}
		assertThat(relay(matcher, events, client)).isTrue();
		assertThat(recorder.canResume()).isFalse();
		assertThat(client.texts).containsExactly(Map.entry("0/content", remaining.toString()));
	}

	private static boolean relay(ResumeMatcher matcher, List<StreamEvent> events, ChunkClient client) {
		for (StreamEvent event : events) {
			if (!(matcher.match(event) instanceof ResumeMatcher.Deliver step)) {
				return false;
			}
			if (step.event() != null) {
				client.receive(step.event());
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

}
