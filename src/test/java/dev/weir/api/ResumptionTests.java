package dev.weir.api;

import java.util.Random;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatNoException;

class ResumptionTests {

	@ParameterizedTest
	@EnumSource
	void onlyAnswersOfTextCanBeResumed(Operation operation) {
		boolean text = operation == Operation.CHAT_COMPLETIONS || operation == Operation.COMPLETIONS
				|| operation == Operation.RESPONSES;
		assertThat(Resumption.supports(operation)).isEqualTo(text);
		if (text) {
			assertThat(new Resumption(operation, 1_000).canResume()).isTrue();
		}
		else {
			assertThatIllegalArgumentException().isThrownBy(() -> new Resumption(operation, 1_000));
		}
	}

	@Test
	void whatCannotBeResumedCannotBegin() {
		Resumption resumption = new Resumption(Operation.RESPONSES, 1_000);
		resumption.delivered(RandomChunks.raw("data: [DONE]\n\n"));
		assertThat(resumption.canResume()).isFalse();
		assertThatIllegalStateException().isThrownBy(resumption::begin);
	}

	@ParameterizedTest
	@EnumSource(names = { "CHAT_COMPLETIONS", "RESPONSES" })
	void memoryIsBoundedInTextsAndInEntries(Operation operation) {
		for (int length : new int[] { 0, 1, 1000 }) {
			Resumption resumption = new Resumption(operation, 100_000);
			int events = 0;
			while (resumption.canResume()) {
				String text = "x".repeat(length);
				resumption.delivered(RandomChunks.event((operation == Operation.RESPONSES)
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
	void whatADivergingChunkBeganToSayWasNotTold() {
		Resumption resumption = new Resumption(Operation.CHAT_COMPLETIONS, 10_000);
		resumption.delivered(chunk("{'index':1,'delta':{'content':'b'}}"));
		String news = "{'index':0,'delta':{'role':'assistant','content':'q'},'finish_reason':'stop'}";
		assertThat(resumption.begin().add(chunk(news + ",{'index':1,'delta':{'content':'c'}}")))
			.isInstanceOf(Continuation.Diverged.class);
		assertThat(resumption.begin().add(chunk(news + ",{'index':1,'delta':{'content':'b'}}"))).isInstanceOfSatisfying(
				Continuation.Deliver.class,
				(deliver) -> assertThat(deliver.event()).returns(chunk(news).data(), StreamEvent::data));
	}

	@Test
	void aStepThatCameTooEarlyWasNotTold() {
		Resumption resumption = new Resumption(Operation.RESPONSES, 10_000);
		resumption.delivered(event("{'type':'response.output_text.delta','output_index':0,'delta':'ab'}"));
		StreamEvent done = event("{'type':'response.output_text.done','output_index':0,'text':'ab'}");
		assertThat(resumption.begin().add(done)).isInstanceOf(Continuation.Diverged.class);
		Continuation continuation = resumption.begin();
		continuation.add(event("{'type':'response.output_text.delta','output_index':0,'delta':'ab'}"));
		assertThat(continuation.add(done)).isInstanceOfSatisfying(Continuation.Deliver.class,
				(deliver) -> assertThat(deliver.event()).returns(done.data(), StreamEvent::data));
	}

	@Test
	void aPieceOfAnOverlongEventPassesOnceEverythingIsRepeated() {
		Resumption resumption = new Resumption(Operation.CHAT_COMPLETIONS, 10_000);
		resumption.delivered(chunk("{'index':0,'delta':{'content':'a'}}"));
		StreamEvent piece = StreamEvent.piece(chunk("").bytes(), false);
		assertThat(resumption.begin().add(piece)).isInstanceOf(Continuation.Diverged.class);
		assertThat(resumption.canResume()).isTrue();
		Continuation continuation = resumption.begin();
		continuation.add(chunk("{'index':0,'delta':{'content':'ab'}}"));
		assertThat(continuation.add(piece)).isEqualTo(new Continuation.Deliver(piece));
		assertThat(resumption.canResume()).isFalse();
	}

	@ParameterizedTest
	@EnumSource(names = { "CHAT_COMPLETIONS", "COMPLETIONS", "RESPONSES" })
	void noEventMakesItFail(Operation operation) {
		Random random = new Random(31);
		String[] seeds = {
				"{'choices':[{'index':0,'delta':{'role':'a','content':'b','tool_calls':[{'index':0,'id':'c','function':{'name':'d'}}]},'text':'x'}]}",
				"{'type':'response.output_text.delta','output_index':0,'delta':'x','sequence_number':1,'item_id':'i'}",
				"{'type':'response.output_item.done','output_index':0,'item':{'type':'message','content':[{'text':'x'}]}}" };
		for (int run = 0; run < 3_000; run++) {
			Resumption resumption = new Resumption(operation, 10_000);
			for (int i = 0; i < 5; i++) {
				resumption.delivered(mutated(seeds[random.nextInt(seeds.length)], random));
			}
			if (resumption.canResume()) {
				Continuation continuation = resumption.begin();
				for (int i = 0; i < 5; i++) {
					StreamEvent event = mutated(seeds[random.nextInt(seeds.length)], random);
					assertThatNoException().isThrownBy(() -> continuation.add(event));
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
