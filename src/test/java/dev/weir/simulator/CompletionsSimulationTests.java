package dev.weir.simulator;

import java.time.Clock;
import java.util.List;
import java.util.stream.Collectors;

import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

import static org.assertj.core.api.Assertions.assertThat;

class CompletionsSimulationTests {

	private static final String TEXT = "This is a simulated response from openai1. No model was called.";

	private static final String CLASSIC = "/openai/deployments/my-gpt/%s?api-version=2024-10-21";

	@AutoClose
	private final SimulatedBackend backend = SimulatedBackend
		.start(SimulatorProperties.Backend.withoutDelay("openai1", 20_000), Clock.systemUTC());

	private final SimulatorClient client = new SimulatorClient(this.backend.url());

	@Test
	void aChatResponseNamesItsSimulatedBackend() {
		JsonNode chat = SimulatorClient.json(this.client.chat());
		assertThat(chat.path("object").asString()).isEqualTo("chat.completion");
		assertThat(chat.path("model").asString()).isEqualTo("gpt-4o");
		assertThat(chat.at("/choices/0/message/content").asString()).isEqualTo(TEXT);
		assertThat(chat.at("/choices/0/finish_reason").asString()).isEqualTo("stop");
		assertThat(chat.at("/usage/prompt_tokens").asInt()).isEqualTo(1);
		assertThat(chat.at("/usage/completion_tokens").asInt()).isEqualTo(11);
		assertThat(chat.at("/usage/total_tokens").asInt()).isEqualTo(12);
		assertThat(chat.has("prompt_filter_results")).isFalse();
	}

	@Test
	void thePromptCacheKeepsBeginningsOfAtLeast1024Tokens() {
		String prompt = "x".repeat(6000);
		String body = """
				{"model":"gpt-4o","messages":[{"role":"system","content":"%s"},{"role":"user","content":"%s"}]}""";
		for (int i = 0; i < 3; i++) {
			JsonNode chat = SimulatorClient
				.json(this.client.post("/v1/chat/completions", body.formatted(prompt, "question " + i)));
			assertThat(chat.at("/usage/prompt_tokens_details/cached_tokens").asInt()).isEqualTo((i == 0) ? 0 : 1408);
		}
		String small = body.formatted("y".repeat(4000), "hi");
		this.client.post("/v1/chat/completions", small);
		assertThat(SimulatorClient.json(this.client.post("/v1/chat/completions", small))
			.at("/usage/prompt_tokens_details/cached_tokens")
			.asInt()).isZero();
	}

	@Test
	void everyResponseHasAUniqueId() {
		String first = SimulatorClient.json(this.client.chat()).path("id").asString();
		assertThat(first).startsWith("chatcmpl-");
		assertThat(SimulatorClient.json(this.client.chat()).path("id").asString()).isNotEqualTo(first);
	}

	@Test
	void azureResponsesNameTheDeploymentAndHaveContentFilterResults() {
		for (String operation : List.of("chat/completions", "completions")) {
			JsonNode response = SimulatorClient.json(this.client.post(CLASSIC.formatted(operation), """
					{"model":"other","messages":[],"prompt":""}"""));
			assertThat(response.path("model").asString()).isEqualTo("my-gpt");
			assertThat(response.at("/prompt_filter_results/0/content_filter_results/hate/severity").asString())
				.isEqualTo("safe");
			assertThat(response.at("/choices/0/content_filter_results/violence/filtered").asBoolean(true)).isFalse();
		}
	}

	@Test
	void aChatStreamHasOneChunkForEachWord() {
		List<String> events = this.client.stream("/v1/chat/completions", """
				{"model":"gpt-4o","stream":true,"messages":[]}""");
		assertThat(events).hasSize(14).last().isEqualTo("[DONE]");
		List<JsonNode> chunks = chunks(events);
		assertThat(chunks.get(0).at("/choices/0/delta/role").asString()).isEqualTo("assistant");
		assertThat(chunks.stream()
			.map((chunk) -> chunk.at("/choices/0/delta/content").asString(""))
			.collect(Collectors.joining())).isEqualTo(TEXT);
		assertThat(chunks.get(1).at("/choices/0/delta/content").asString()).isEqualTo("This");
		assertThat(chunks.get(2).at("/choices/0/delta/content").asString()).isEqualTo(" is");
		assertThat(chunks.get(12).at("/choices/0/finish_reason").asString()).isEqualTo("stop");
		assertThat(chunks).allSatisfy((chunk) -> {
			assertThat(chunk.path("object").asString()).isEqualTo("chat.completion.chunk");
			assertThat(chunk.path("model").asString()).isEqualTo("gpt-4o");
			assertThat(chunk.has("usage")).isFalse();
		});
	}

	@Test
	void aCompletionStreamHasOneChunkForEachWord() {
		List<String> events = this.client.stream("/v1/completions", """
				{"model":"gpt-4o","stream":true,"prompt":""}""");
		assertThat(events).hasSize(13).last().isEqualTo("[DONE]");
		List<JsonNode> chunks = chunks(events);
		assertThat(chunks.stream().map((chunk) -> chunk.at("/choices/0/text").asString()).collect(Collectors.joining()))
			.isEqualTo(TEXT);
		assertThat(chunks.get(11).at("/choices/0/finish_reason").asString()).isEqualTo("stop");
		assertThat(chunks)
			.allSatisfy((chunk) -> assertThat(chunk.path("object").asString()).isEqualTo("text_completion"));
	}

	@Test
	void azureStreamsBeginWithAChunkWithoutChoices() {
		for (String operation : List.of("chat/completions", "completions")) {
			List<String> events = this.client.stream(CLASSIC.formatted(operation), """
					{"stream":true,"messages":[],"prompt":""}""");
			JsonNode first = SimulatorClient.json(events.get(0));
			assertThat(first.path("choices").isEmpty()).isTrue();
			assertThat(first.path("id").asString()).isEmpty();
			assertThat(first.at("/prompt_filter_results/0/prompt_index").asInt(-1)).isZero();
			assertThat(SimulatorClient.json(events.get(1)).path("model").asString()).isEqualTo("my-gpt");
		}
	}

	@Test
	void aStreamEndsWithItsUsageIfTheRequestAsksForIt() {
		List<JsonNode> chunks = chunks(this.client.stream("/v1/chat/completions", """
				{"model":"gpt-4o","stream":true,"stream_options":{"include_usage":true},
				"messages":[{"role":"user","content":"12345"}]}"""));
		assertThat(chunks.get(0).path("usage").isNull()).isTrue();
		JsonNode last = chunks.get(chunks.size() - 1);
		assertThat(last.path("choices").isArray()).isTrue();
		assertThat(last.path("choices").isEmpty()).isTrue();
		assertThat(last.at("/usage/prompt_tokens").asInt()).isEqualTo(2);
		assertThat(last.at("/usage/total_tokens").asInt()).isEqualTo(13);
	}

	@Test
	void aCompletionNamesItsSimulatedBackend() {
		JsonNode completion = SimulatorClient.json(this.client.post("/v1/completions", """
				{"model":"gpt-4o","prompt":"hi"}"""));
		assertThat(completion.path("object").asString()).isEqualTo("text_completion");
		assertThat(completion.at("/choices/0/text").asString()).isEqualTo(TEXT);
		assertThat(completion.at("/usage/total_tokens").asInt()).isEqualTo(12);
	}

	private static List<JsonNode> chunks(List<String> events) {
		return events.stream().filter((event) -> !event.equals("[DONE]")).map(SimulatorClient::json).toList();
	}

}
