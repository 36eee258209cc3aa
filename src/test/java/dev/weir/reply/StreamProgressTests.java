package dev.weir.reply;

import java.nio.charset.StandardCharsets;
import java.time.Duration;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import dev.weir.config.CooldownProperties;
import dev.weir.openai.call.Operation;
import dev.weir.openai.stream.EventSplitter;
import dev.weir.openai.stream.Usage;
import dev.weir.classify.AttemptFacts;
import dev.weir.classify.OutcomeClassifier;

import static org.assertj.core.api.Assertions.assertThat;

class StreamProgressTests {

	private static final String USED = "'usage':{'prompt_tokens':1,'completion_tokens':2}";

	/** Events are separated by {@code ¶}. */
	@ParameterizedTest
	@CsvSource(delimiter = '|', quoteCharacter = '~', value = {
			"CHAT_COMPLETIONS | {'choices':[{'index':0,'delta':{'content':'a'},'finish_reason':null}]} | false",
			"CHAT_COMPLETIONS | {'choices':[{'index':0,'delta':{},'finish_reason':'stop'}]} | true",
			"CHAT_COMPLETIONS | {'choices':[{'delta':{},'finish_reason':'stop'}]} | true",
			"CHAT_COMPLETIONS | {'choices':[{'index':0,'delta':{},'finish_reason':''}]} | false",
			"CHAT_COMPLETIONS | [DONE] | true", "CHAT_COMPLETIONS | {'error':{'code':'500'}} | true",
			"CHAT_COMPLETIONS | {'choices':[{'index':0,'delta':{'content':'finish_reason\\':\\'stop'}}]} | false",
			"COMPLETIONS | {'choices':[{'text':'x'}]} | false",
			"COMPLETIONS | {'choices':[{'text':'x','finish_reason':'length'}]} | true",
			"RESPONSES | {'type':'response.output_text.delta'} | false",
			"RESPONSES | {'type':'response.created'} | false", "RESPONSES | {'type':'response.completed'} | true",
			"RESPONSES | {'type':'response.incomplete'} | true", "RESPONSES | {'type':'response.failed'} | true",
			"RESPONSES | {'type':'response.cancelled'} | true",
			"RESPONSES | {'type':'x','text':'\\'response.completed\\''} | false",
			"AUDIO_TRANSCRIPTIONS | {'x':1} | true", "AUDIO_TRANSCRIPTIONS | {'type':'transcript.text.delta'} | false",
			"AUDIO_TRANSCRIPTIONS | {'type':'transcript.text.delta'}¶{'type':'transcript.text.done'} | true",
			"AUDIO_TRANSCRIPTIONS | {'choices':[{'delta':{'content':'a'}}]} | false",
			"IMAGES_GENERATIONS | {'type':'image_generation.completed'}¶{'type':'image_generation.partial_image'} | false",
			// every choice that began
			"CHAT_COMPLETIONS | {'choices':[{'index':0,'delta':{'content':'a'}},{'index':1,'delta':{'content':'b'}}]}"
					+ "¶{'choices':[{'index':1,'finish_reason':'stop'}]} | false",
			"CHAT_COMPLETIONS | {'choices':[{'index':0,'delta':{'content':'a'}},{'index':1,'delta':{'content':'b'}}]}"
					+ "¶{'choices':[{'index':1,'finish_reason':'stop'}]}¶{'choices':[{'index':0,'finish_reason':'stop'}]}"
					+ " | true",
			"CHAT_COMPLETIONS | {'choices':[{'index':0,'finish_reason':'stop'}]}"
					+ "¶{'choices':[{'index':1,'delta':{'role':'assistant'}}]} | false",
			// usage before the end is only a report
			"CHAT_COMPLETIONS | {'choices':[{'index':0,'delta':{'content':'a'}}]," + USED + "} | false",
			"CHAT_COMPLETIONS | {'choices':[]," + USED + "} | false",
			"CHAT_COMPLETIONS | {'choices':[]," + USED + "}¶{'choices':[{'delta':{'content':'a'}}]} | false",
			"CHAT_COMPLETIONS | {'choices':[{'delta':{'content':'a'}}]}¶{'choices':[]," + USED + "} | true",
			"CHAT_COMPLETIONS | {'choices':[{'delta':{'content':'a'}}]}¶{'choices':[]," + USED
					+ "}¶{'choices':[{'delta':{'content':'b'}}]} | false",
			"CHAT_COMPLETIONS | {'choices':[{'delta':{'content':'a'}}]}¶{'choices':[],'prompt_filter_results':[]} | false",
			"RESPONSES | {'type':'response.created','response':{'usage':{'input_tokens':0,'output_tokens':0}}} | false",
			"RESPONSES | {'type':'response.output_text.delta','delta':'a'," + USED + "} | false",
			// events after the end have no effect
			"CHAT_COMPLETIONS | {'choices':[{'index':0,'finish_reason':'stop'}]}¶{'type':'unknown','x':[1]} | true",
			"CHAT_COMPLETIONS | {'choices':[{'index':0,'finish_reason':'stop'}]}¶nonsense | true",
			"CHAT_COMPLETIONS | {'choices':[{'index':0,'finish_reason':'stop'}]}"
					+ "¶{'choices':[{'index':0,'delta':{},'finish_reason':null,'content_filter_offsets':{'a':1}}]} | true",
			"RESPONSES | {'type':'response.completed'}¶{'type':'response.output_text.delta'} | true" })
	void mayEndWhenItsEventsProveThatItIsComplete(Operation operation, String events, boolean expected) {
		assertThat(after(operation, events).mayEnd()).isEqualTo(expected);
	}

	@ParameterizedTest
	@ValueSource(ints = { 20, 300, 100_000 })
	void theMeaningOfAnEventDoesNotDependOnThePiecesItArrivesIn(int held) {
		String instructions = "'instructions':'" + "so \\\\\\' {[ ".repeat(200) + "','tools':["
				+ "{'type':'function','parameters':{'a':{'b':{'c':[1,2]}}}},".repeat(50) + "{}]";
		StreamProgress created = after(held, Operation.RESPONSES,
				"{'type':'response.created','sequence_number':3,'response':{" + instructions + "}}");
		assertThat(created.hasBegun()).isFalse();
		assertThat(created.last().sequenceNumber()).isEqualTo(3);
		StreamProgress failed = after(held, Operation.RESPONSES, "{'response':{" + instructions
				+ ",'error':{'code':'server_error'}},'sequence_number':4,'type':'response.failed'}");
		assertThat(failed.isFailed()).isTrue();
		assertThat(failed.last().sequenceNumber()).isEqualTo(4);
		assertThat(after(held, Operation.RESPONSES,
				"{'type':'response.failed','response':{" + instructions + ",'error':{'code':'content_filter'}}}")
			.isFailed()).isFalse();
		StreamProgress completed = after(held, Operation.RESPONSES, "{'type':'response.completed','response':{"
				+ instructions + ",'usage':{'input_tokens':7,'output_tokens':8}}}");
		assertThat(completed.isOver()).isTrue();
		assertThat(completed.takeUsage()).isEqualTo(new Usage(7, 8));
		StreamProgress chat = after(held, Operation.CHAT_COMPLETIONS, "{'choices':[{'index':1,'delta':{'content':'"
				+ "x".repeat(2000) + "'},'finish_reason':'stop'},{'index':0,'delta':{'content':''}}]}");
		assertThat(chat.hasBegun()).isTrue();
		assertThat(chat.mayEnd()).isFalse();
		assertThat(after(held, Operation.CHAT_COMPLETIONS,
				"{'id':'" + "x".repeat(2000) + "','choices':[{'delta':{'content':'','role':'assistant'}}]}")
			.hasBegun()).isFalse();
	}

	@Test
	void isDoneWithoutTheLastBlankLine() {
		StreamProgress progress = after(Operation.CHAT_COMPLETIONS, "{'choices':[{'delta':{'content':'a'}}]}");
		progress.recordRemainder("data: [DO".getBytes(StandardCharsets.UTF_8));
		assertThat(progress.mayEnd()).isFalse();
		progress.recordRemainder("data: [DONE]\r\n".getBytes(StandardCharsets.UTF_8));
		assertThat(progress.mayEnd()).isTrue();
	}

	@Test
	void isOverOnlyOnceNothingCanFollow() {
		String finish = "{'choices':[{'index':0,'delta':{},'finish_reason':'stop'}]}";
		assertThat(after(Operation.CHAT_COMPLETIONS, finish).isOver()).isFalse();
		assertThat(after(Operation.CHAT_COMPLETIONS, finish + "¶{'choices':[]," + USED + "}").isOver()).isTrue();
		assertThat(after(Operation.CHAT_COMPLETIONS, finish + "¶[DONE]").isOver()).isTrue();
		assertThat(after(Operation.RESPONSES, "{'type':'response.completed'}").isOver()).isTrue();
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', quoteCharacter = '~', value = { "{'type':'response.created'} | true",
			"{'type':'response.output_item.added','item':{'type':'reasoning','summary':[]}} | true",
			"{'type':'response.output_text.delta','delta':'a'} | false",
			"{'type':'response.output_text.delta','delta':'a'}¶{'type':'response.in_progress'} | false",
			"{'type':'response.output_text.delta','delta':'a'}"
					+ "¶{'type':'response.output_item.added','item':{'type':'message','content':[]}} | false",
			"{'type':'response.output_text.delta','delta':'a'}"
					+ "¶{'type':'response.output_item.added','item':{'type':'reasoning','summary':[]}} | true",
			"{'type':'response.output_text.delta','delta':'a'}¶{'type':'response.web_search_call.searching'} | true",
			"{'type':'response.web_search_call.searching'}¶{'type':'response.output_text.delta','delta':'a'} | false",
			"{'type':'response.failed','response':{'error':{'code':'x'}}} | false" })
	void theModelThinksAfterSignsOfLifeAndInAReasoningItem(String events, boolean expected) {
		assertThat(after(Operation.RESPONSES, events).isThinking()).isEqualTo(expected);
	}

	@ParameterizedTest
	@CsvSource({ "500, true", "content_filter, false", "context_length_exceeded, false" })
	void anErrorIsAFailureOfTheBackendUnlessTheClientCausedIt(String code, boolean failed) {
		StreamProgress progress = after(Operation.CHAT_COMPLETIONS, "{'error':{'code':'" + code + "'}}");
		assertThat(progress.isFailed()).isEqualTo(failed);
		assertThat(progress.mayEnd()).isTrue();
	}

	@Test
	void anErrorAfterTheEndIsNotAFailure() {
		assertThat(after(Operation.CHAT_COMPLETIONS,
				"{'choices':[{'index':0,'finish_reason':'stop'}]}¶{'error':{'code':'500'}}")
			.isFailed()).isFalse();
	}

	@Test
	void isInsideAnEventUntilItsLastPieceAndFindsTheUsageInIt() {
		StreamProgress progress = new StreamProgress(Operation.RESPONSES, classifier());
		EventSplitter splitter = new EventSplitter(20);
		note(progress, splitter, "data: {\"type\":\"response.completed\",\"response\":{\"usage\":{\"input_");
		assertThat(progress.isInside()).isTrue();
		assertThat(progress.mayEnd()).isFalse();
		note(progress, splitter, "tokens\":3,\"output_tokens\":4}}}\n\n");
		assertThat(progress.isInside()).isFalse();
		assertThat(progress.takeUsage()).isEqualTo(new Usage(3, 4));
		assertThat(progress.isOver()).isTrue();
	}

	@Test
	void aCommentIsNotTheLastEvent() {
		StreamProgress progress = after(Operation.RESPONSES, "{'type':'response.created','sequence_number':7}");
		note(progress, new EventSplitter(100), ": ping\n\n");
		assertThat(progress.last()).isNotNull();
		assertThat(progress.last().sequenceNumber()).isEqualTo(7);
	}

	private static StreamProgress after(Operation operation, String events) {
		return after(1000, operation, events);
	}

	private static StreamProgress after(int held, Operation operation, String events) {
		StreamProgress progress = new StreamProgress(operation, classifier());
		EventSplitter splitter = new EventSplitter(held);
		for (String event : events.split("¶")) {
			String text = "data: " + event.replace('\'', '"') + "\n\n";
			for (int i = 0; i < text.length(); i += 17) {
				note(progress, splitter, text.substring(i, Math.min(text.length(), i + 17)));
			}
		}
		return progress;
	}

	private static void note(StreamProgress progress, EventSplitter splitter, String text) {
		splitter.add(text.getBytes(StandardCharsets.UTF_8)).forEach(progress::record);
	}

	private static OutcomeClassifier classifier() {
		return new OutcomeClassifier(
				new CooldownProperties(Duration.ofSeconds(10), Duration.ofSeconds(60), Duration.ofMinutes(5)),
				AttemptFacts.of(Operation.CHAT_COMPLETIONS));
	}

}
