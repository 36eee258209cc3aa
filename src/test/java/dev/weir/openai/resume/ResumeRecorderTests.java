package dev.weir.openai.resume;

import java.util.Random;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import dev.weir.openai.call.Operation;
import dev.weir.openai.stream.StreamEvent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatNoException;

class ResumeRecorderTests {

	@ParameterizedTest
	@EnumSource
	void onlyChatsCompletionsAndResponsesCanBeResumed(Operation operation) {
		boolean text = operation == Operation.CHAT_COMPLETIONS || operation == Operation.COMPLETIONS
				|| operation == Operation.RESPONSES;
		assertThat(ResumeRecorder.supports(operation)).isEqualTo(text);
		if (text) {
			assertThat(new ResumeRecorder(operation, 1_000).canResume()).isTrue();
		}
		else {
			assertThatIllegalArgumentException().isThrownBy(() -> new ResumeRecorder(operation, 1_000));
		}
	}

	@Test
	void aStreamThatCannotBeResumedCannotBeMatched() {
		ResumeRecorder recorder = new ResumeRecorder(Operation.RESPONSES, 1_000);
		recorder.recordDelivered(RandomChunks.raw("data: [DONE]\n\n"));
		assertThat(recorder.canResume()).isFalse();
		assertThatIllegalStateException().isThrownBy(recorder::startMatching);
	}

	@ParameterizedTest
	@EnumSource(names = { "CHAT_COMPLETIONS", "RESPONSES" })
	void recordedTextsAndEntriesAreBounded(Operation operation) {
		for (int length : new int[] { 0, 1, 1000 }) {
			ResumeRecorder recorder = new ResumeRecorder(operation, 100_000);
			int events = 0;
			while (recorder.canResume()) {
				String text = "x".repeat(length);
				recorder.recordDelivered(RandomChunks.event((operation == Operation.RESPONSES)
						? RandomChunks.json("{'type':'response.output_text.delta','output_index':" + events
								+ ",'delta':'" + text + "'}")
						: RandomChunks
							.json("{'choices':[{'index':" + events + ",'delta':{'content':'" + text + "'}}]}")));
				events++;
			}
			assertThat(events).isBetween((length == 1000) ? 30 : 100, (length == 1000) ? 60 : 1_000);
		}
	}

	@Test
	void aDivergingChunkIsNotRecorded() {
		ResumeRecorder recorder = new ResumeRecorder(Operation.CHAT_COMPLETIONS, 10_000);
		recorder.recordDelivered(chunk("{'index':1,'delta':{'content':'b'}}"));
		String news = "{'index':0,'delta':{'role':'assistant','content':'q'},'finish_reason':'stop'}";
		assertThat(recorder.startMatching().match(chunk(news + ",{'index':1,'delta':{'content':'c'}}")))
			.isInstanceOf(ResumeMatcher.Diverged.class);
		assertThat(recorder.startMatching().match(chunk(news + ",{'index':1,'delta':{'content':'b'}}")))
			.isInstanceOfSatisfying(ResumeMatcher.Deliver.class,
					(deliver) -> assertThat(deliver.event()).returns(chunk(news).data(), StreamEvent::data));
	}

	@Test
	void anEventThatComesTooEarlyIsNotRecorded() {
		ResumeRecorder recorder = new ResumeRecorder(Operation.RESPONSES, 10_000);
		recorder.recordDelivered(event("{'type':'response.output_text.delta','output_index':0,'delta':'ab'}"));
		StreamEvent done = event("{'type':'response.output_text.done','output_index':0,'text':'ab'}");
		assertThat(recorder.startMatching().match(done)).isInstanceOf(ResumeMatcher.Diverged.class);
		ResumeMatcher matcher = recorder.startMatching();
		matcher.match(event("{'type':'response.output_text.delta','output_index':0,'delta':'ab'}"));
		assertThat(matcher.match(done)).isInstanceOfSatisfying(ResumeMatcher.Deliver.class,
				(deliver) -> assertThat(deliver.event()).returns(done.data(), StreamEvent::data));
	}

	@Test
	void aPieceOfALongEventPassesOnceEverythingIsRepeated() {
		ResumeRecorder recorder = new ResumeRecorder(Operation.CHAT_COMPLETIONS, 10_000);
		recorder.recordDelivered(chunk("{'index':0,'delta':{'content':'a'}}"));
		StreamEvent piece = RandomChunks.piece("data: {}");
		assertThat(recorder.startMatching().match(piece)).isInstanceOf(ResumeMatcher.Diverged.class);
		assertThat(recorder.canResume()).isTrue();
		ResumeMatcher matcher = recorder.startMatching();
		matcher.match(chunk("{'index':0,'delta':{'content':'ab'}}"));
		assertThat(matcher.match(piece)).isEqualTo(new ResumeMatcher.Deliver(piece));
		assertThat(recorder.canResume()).isFalse();
	}

	@ParameterizedTest
	@EnumSource(names = { "CHAT_COMPLETIONS", "COMPLETIONS", "RESPONSES" })
	void noEventCausesAnException(Operation operation) {
		Random random = new Random(31);
		String[] seeds = {
				"{'choices':[{'index':0,'delta':{'role':'a','content':'b','tool_calls':[{'index':0,'id':'c','function':{'name':'d'}}]},'text':'x'}]}",
				"{'type':'response.output_text.delta','output_index':0,'delta':'x','sequence_number':1,'item_id':'i'}",
				"{'type':'response.output_item.done','output_index':0,'item':{'type':'message','content':[{'text':'x'}]}}" };
		for (int run = 0; run < 3_000; run++) {
			ResumeRecorder recorder = new ResumeRecorder(operation, 10_000);
			for (int i = 0; i < 5; i++) {
				recorder.recordDelivered(mutated(seeds[random.nextInt(seeds.length)], random));
			}
			if (recorder.canResume()) {
				ResumeMatcher matcher = recorder.startMatching();
				for (int i = 0; i < 5; i++) {
					StreamEvent event = mutated(seeds[random.nextInt(seeds.length)], random);
					assertThatNoException().isThrownBy(() -> matcher.match(event));
				}
			}
		}
	}

	private static StreamEvent chunk(String choices) {
		return event("{'choices':[" + choices + "]}");
	}

	private static StreamEvent event(String json) {
		return RandomChunks.raw("data: " + json.replace('\'', '"') + "\n\n");
	}

	private static StreamEvent mutated(String json, Random random) {
		StringBuilder text = new StringBuilder(json.replace('\'', '"'));
		if (random.nextInt(3) == 0) {
			String[] values = { "null", "1", "\"\"", "{}", "[]", "\"x\"", "[null]", "-1", "1e999", "true", "\\ud83d" };
			int at = random.nextInt(text.length());
			text.replace(at, Math.min(text.length(), at + random.nextInt(4)), values[random.nextInt(values.length)]);
		}
		if (random.nextInt(3) == 0) {
			int colon = text.indexOf(":", random.nextInt(text.length()));
			int end = (colon < 0) ? -1 : text.indexOf(",", colon);
			if (end > 0) {
				text.replace(colon + 1, end, new String[] { "null", "1", "{}", "[1]", "\"y\"" }[random.nextInt(5)]);
			}
		}
		return RandomChunks.raw("data: " + text + "\n\n");
	}

}
