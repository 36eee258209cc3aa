package dev.weir.simulator;

import java.time.Clock;
import java.util.Collections;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

import static org.assertj.core.api.Assertions.assertThat;

class ResponsesSimulationTests {

	private static final String TEXT = "This is a simulated response from openai1. No model was called.";

	@AutoClose
	private final SimulatedBackend backend = SimulatedBackend
		.start(SimulatorProperties.Backend.withoutDelay("openai1", 20_000), Clock.systemUTC());

	private final SimulatorClient client = new SimulatorClient(this.backend.url());

	@ParameterizedTest
	@ValueSource(
			strings = { "/v1/responses", "/openai/v1/responses", "/openai/responses?api-version=2025-03-01-preview" })
	void aResponseIsCompleteAndNamesItsSimulatedBackend(String path) {
		JsonNode response = SimulatorClient.json(this.client.post(path, """
				{"model":"gpt-4o","input":"hi"}"""));
		assertThat(response.path("id").asString()).startsWith("resp_");
		assertThat(response.path("status").asString()).isEqualTo("completed");
		assertThat(response.path("model").asString()).isEqualTo("gpt-4o");
		assertThat(response.at("/output/0/content/0/text").asString()).isEqualTo(TEXT);
		assertThat(response.at("/usage/input_tokens").asInt()).isEqualTo(1);
		assertThat(response.at("/usage/output_tokens").asInt()).isEqualTo(11);
		assertThat(response.at("/usage/total_tokens").asInt()).isEqualTo(12);
	}

	@Test
	void aResponseRepeatsFieldsOfTheRequest() {
		JsonNode response = SimulatorClient.json(this.client.post("/v1/responses", """
				{"model":"gpt-4o","input":"hi","store":false,"previous_response_id":"resp_1","metadata":{"a":"b"},
				"temperature":null}"""));
		assertThat(response.path("store").asBoolean(true)).isFalse();
		assertThat(response.path("previous_response_id").asString()).isEqualTo("resp_1");
		assertThat(response.at("/metadata/a").asString()).isEqualTo("b");
		assertThat(response.path("temperature").asDouble()).isEqualTo(1);
	}

	@Test
	void aStreamHasAllEventsInOrder() {
		List<JsonNode> events = stream();
		List<String> deltas = Collections.nCopies(11, "response.output_text.delta");
		assertThat(
				types(events))
			.containsExactlyElementsOf(Stream.of(
					List.of("response.created", "response.in_progress", "response.output_item.added",
							"response.content_part.added"),
					deltas, List.of("response.output_text.done", "response.content_part.done",
							"response.output_item.done", "response.completed"))
				.flatMap(List::stream)
				.toList());
		assertThat(events.stream().map((event) -> event.path("sequence_number").asInt()))
			.containsExactlyElementsOf(IntStream.range(0, events.size()).boxed().toList());
	}

	@Test
	void theEventsOfAStreamAreConsistent() {
		List<JsonNode> events = stream();
		JsonNode created = events.get(0).path("response");
		JsonNode completed = events.get(events.size() - 1).path("response");
		assertThat(created.path("status").asString()).isEqualTo("in_progress");
		assertThat(created.path("output").isEmpty()).isTrue();
		assertThat(completed.path("status").asString()).isEqualTo("completed");
		assertThat(completed.path("id")).isEqualTo(created.path("id"));
		assertThat(completed.at("/usage/total_tokens").asInt()).isEqualTo(12);
		String itemId = completed.at("/output/0/id").asString();
		assertThat(events.get(2).at("/item/id").asString()).isEqualTo(itemId);
		assertThat(events.get(4).path("item_id").asString()).isEqualTo(itemId);
		assertThat(events.stream().map((event) -> event.path("delta").asString("")).collect(Collectors.joining()))
			.isEqualTo(TEXT);
		assertThat(events.get(15).path("text").asString()).isEqualTo(TEXT);
		assertThat(events.get(17).at("/item/content/0/text").asString()).isEqualTo(TEXT);
	}

	@Test
	void everyEventOfAStreamHasItsTypeAsName() {
		String body = this.client.post("/v1/responses", """
				{"model":"gpt-4o","input":"hi","stream":true}""").body();
		assertThat(body).startsWith("event: response.created\ndata: {").endsWith("}\n\n").doesNotContain("[DONE]");
		assertThat(body.lines().filter((line) -> line.startsWith("event: ")).map((line) -> line.substring(7)))
			.containsExactlyElementsOf(types(stream()));
	}

	private List<JsonNode> stream() {
		return this.client.stream("/v1/responses", """
				{"model":"gpt-4o","input":"hi","stream":true}""").stream().map(SimulatorClient::json).toList();
	}

	private static List<String> types(List<JsonNode> events) {
		return events.stream().map((event) -> event.path("type").asString()).toList();
	}

}
