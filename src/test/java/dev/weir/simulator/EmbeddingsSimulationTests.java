package dev.weir.simulator;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Clock;
import java.util.Base64;
import java.util.List;

import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

class EmbeddingsSimulationTests {

	@AutoClose
	private final SimulatedBackend backend = SimulatedBackend
		.start(SimulatorProperties.Backend.withoutDelay("openai1", 20_000), Clock.systemUTC());

	private final SimulatorClient client = new SimulatorClient(this.backend.url());

	@Test
	void aVectorHasLengthOneAndSixteenDimensions() {
		List<Double> vector = vector(embed("\"input\":\"hello\"").at("/data/0/embedding"));
		assertThat(vector).hasSize(16);
		assertThat(vector.stream().mapToDouble((value) -> value * value).sum()).isEqualTo(1, within(1e-6));
	}

	@Test
	void aVectorDependsOnTheInputOnly() {
		JsonNode both = embed("\"input\":[\"hello\",\"world\"]");
		assertThat(both.path("data").size()).isEqualTo(2);
		assertThat(both.at("/data/1/index").asInt()).isEqualTo(1);
		assertThat(both.at("/data/1/embedding")).isNotEqualTo(both.at("/data/0/embedding"));
		assertThat(embed("\"input\":\"world\"").at("/data/0/embedding")).isEqualTo(both.at("/data/1/embedding"));
	}

	@Test
	void base64HoldsTheSameNumbersAsLittleEndianFloats() {
		List<Double> floats = vector(embed("\"input\":\"hello\"").at("/data/0/embedding"));
		String base64 = embed("\"input\":\"hello\",\"encoding_format\":\"base64\"").at("/data/0/embedding").asString();
		ByteBuffer bytes = ByteBuffer.wrap(Base64.getDecoder().decode(base64)).order(ByteOrder.LITTLE_ENDIAN);
		assertThat(bytes.remaining()).isEqualTo(16 * 4);
		for (double value : floats) {
			assertThat((double) bytes.getFloat()).isEqualTo(value, within(1e-6));
		}
	}

	@Test
	void aVectorHasTheRequestedDimensions() {
		assertThat(embed("\"input\":\"hello\",\"dimensions\":3").at("/data/0/embedding").size()).isEqualTo(3);
	}

	@Test
	void anArrayOfTokensIsOneInputAndAnArrayOfArraysIsSeveral() {
		assertThat(embed("\"input\":[1,2,3]").path("data").size()).isEqualTo(1);
		JsonNode two = embed("\"input\":[[1,2,3],[4]]");
		assertThat(two.path("data").size()).isEqualTo(2);
		assertThat(two.at("/usage/prompt_tokens").asInt()).isEqualTo(4);
		assertThat(two.at("/usage/total_tokens").asInt()).isEqualTo(4);
	}

	@ParameterizedTest
	@ValueSource(strings = { "\"input\":[]", "\"input\":{}", "\"dimensions\":3", "\"input\":\"a\",\"dimensions\":0",
			"\"input\":\"a\",\"dimensions\":3073", "\"input\":\"a\",\"dimensions\":\"many\"" })
	void anInvalidRequestIsRefused(String fields) {
		assertThat(embed(fields).at("/error/type").asString()).isEqualTo("invalid_request_error");
	}

	private JsonNode embed(String fields) {
		return SimulatorClient.json(this.client.post("/v1/embeddings", "{\"model\":\"embed\"," + fields + "}"));
	}

	private static List<Double> vector(JsonNode array) {
		return array.valueStream().map(JsonNode::asDouble).toList();
	}

}
