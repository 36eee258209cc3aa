package dev.weir.failover;

import java.nio.charset.StandardCharsets;
import java.time.Duration;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import dev.weir.api.EventSplitter;
import dev.weir.api.Operation;
import dev.weir.api.Usage;
import dev.weir.config.CooldownProperties;

import static org.assertj.core.api.Assertions.assertThat;

class StreamProgressTests {

	@ParameterizedTest
	@CsvSource(delimiter = '|',
			value = { "CHAT_COMPLETIONS | {\"choices\":[{\"delta\":{},\"finish_reason\":null}]} | false",
					"CHAT_COMPLETIONS | {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]} | true",
					"CHAT_COMPLETIONS | {\"choices\":[],\"usage\":{\"prompt_tokens\":1}} | true",
					"CHAT_COMPLETIONS | [DONE] | true", "CHAT_COMPLETIONS | {\"error\":{\"code\":\"500\"}} | true",
					"COMPLETIONS | {\"choices\":[{\"text\":\"x\"}]} | false",
					"RESPONSES | {\"type\":\"response.output_text.delta\"} | false",
					"RESPONSES | {\"type\":\"response.created\"} | false",
					"RESPONSES | {\"type\":\"response.completed\"} | true",
					"RESPONSES | {\"type\":\"response.incomplete\"} | true",
					"RESPONSES | {\"type\":\"response.failed\"} | true", "AUDIO_TRANSCRIPTIONS | {\"x\":1} | true" })
	void mayEndOnceItHasSaidThatItIsComplete(Operation operation, String data, boolean expected) {
		assertThat(after(operation, "data: " + data + "\n\n").mayEnd()).isEqualTo(expected);
	}

	@Test
	void isDoneWithoutTheLastBlankLine() {
		StreamProgress progress = after(Operation.CHAT_COMPLETIONS, "data: {\"choices\":[{}]}\n\n");
		progress.noteRest("data: [DO".getBytes(StandardCharsets.UTF_8));
		assertThat(progress.mayEnd()).isFalse();
		progress.noteRest("data: [DONE]\r\n".getBytes(StandardCharsets.UTF_8));
		assertThat(progress.mayEnd()).isTrue();
	}

	@Test
	void aSignOfLifeIsNoBeginning() {
		assertThat(after(Operation.RESPONSES, "data: {\"type\":\"response.created\"}\n\n").hasBegun()).isFalse();
		assertThat(after(Operation.RESPONSES, "data: {\"type\":\"response.output_item.added\"}\n\n").hasBegun())
			.isTrue();
	}

	@ParameterizedTest
	@CsvSource({ "500, true", "content_filter, false", "context_length_exceeded, false" })
	void anErrorIsTheBackendsFailureUnlessItIsTheCallersOwn(String code, boolean failed) {
		StreamProgress progress = after(Operation.CHAT_COMPLETIONS,
				"data: {\"error\":{\"code\":\"" + code + "\"}}\n\n");
		assertThat(progress.isFailed()).isEqualTo(failed);
		assertThat(progress.mayEnd()).isTrue();
	}

	@Test
	void isInsideAnEventUntilItsLastPieceAndFindsTheUsageInIt() {
		StreamProgress progress = new StreamProgress(Operation.RESPONSES, classifier());
		EventSplitter splitter = new EventSplitter(20);
		note(progress, splitter, "data: {\"type\":\"response.completed\",\"response\":{\"usage\":{\"input_");
		assertThat(progress.isInside()).isTrue();
		assertThat(progress.isComplete()).isFalse();
		note(progress, splitter, "tokens\":3,\"output_tokens\":4}}}\n\n");
		assertThat(progress.isInside()).isFalse();
		assertThat(progress.usage()).isEqualTo(new Usage(3, 4));
		assertThat(progress.isComplete()).isTrue();
	}

	@Test
	void aCommentIsNotTheLastEvent() {
		StreamProgress progress = after(Operation.RESPONSES,
				"data: {\"type\":\"response.created\",\"sequence_number\":7}\n\n: ping\n\n");
		assertThat(progress.last()).isNotNull();
		assertThat(progress.last().sequenceNumber()).isEqualTo(7);
	}

	private static StreamProgress after(Operation operation, String events) {
		StreamProgress progress = new StreamProgress(operation, classifier());
		note(progress, new EventSplitter(1000), events);
		return progress;
	}

	private static void note(StreamProgress progress, EventSplitter splitter, String text) {
		splitter.add(text.getBytes(StandardCharsets.UTF_8)).forEach(progress::note);
	}

	private static OutcomeClassifier classifier() {
		return new OutcomeClassifier(
				new CooldownProperties(Duration.ofSeconds(10), Duration.ofSeconds(60), Duration.ofMinutes(5)),
				Asked.of(Operation.CHAT_COMPLETIONS));
	}

}
