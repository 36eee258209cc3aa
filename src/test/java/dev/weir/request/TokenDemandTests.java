package dev.weir.request;

import java.nio.charset.StandardCharsets;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import dev.weir.openai.body.RequestBody;
import dev.weir.openai.call.ApiCall;
import dev.weir.openai.call.ApiPath;
import dev.weir.request.Reservation.Kind;

import static org.assertj.core.api.Assertions.assertThat;

class TokenDemandTests {

	private static TokenDemand of(String path, String json) {
		RequestBody body = RequestBody.of(json.getBytes(StandardCharsets.UTF_8), "application/json");
		String model = (body.model() != null) ? body.model() : "";
		return TokenDemand.of(new ApiCall(ApiPath.parse("POST", path, null), model, body, true));
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', quoteCharacter = '`', value = {
			"/v1/chat/completions|{\"model\":\"m\",\"max_tokens\":100,\"n\":3}|9|300|0|TOKENS",
			"/v1/chat/completions|{\"model\":\"m\",\"n\":2}|5|0|512|TOKENS",
			"/v1/chat/completions|{\"model\":\"m\",\"stream\":true}|7|0|256|STREAM_WITHOUT_USAGE",
			"/v1/completions|{\"model\":\"m\",\"stream\":true,\"best_of\":2,\"max_tokens\":5}|14|10|0|STREAM_WITHOUT_USAGE",
			"/v1/responses|{\"model\":\"m\",\"stream\":true,\"max_output_tokens\":7}|13|7|0|TOKENS",
			"/v1/embeddings|{\"model\":\"m\",\"input\":\"aaaa\"}|7|0|0|TOKENS",
			"/v1/rerank|{\"model\":\"m\",\"max_tokens\":9}|7|0|0|TOKENS",
			"/v1/vector_stores|{\"name\":\"m\"}|0|0|0|REQUEST" })
	void theEstimateIsMadeOfTheBodyAndTheOutputThatItAllows(String path, String json, long prompt, long output,
			long assumed, Kind kind) {
		assertThat(of(path, json)).isEqualTo(new TokenDemand(prompt, output, assumed, kind));
	}

	@Test
	void hugeNumbersDoNotOverflow() {
		String json = "{\"model\":\"m\",\"max_tokens\":999999999999999,\"n\":999999999999999}";
		assertThat(of("/v1/chat/completions", json).stated()).isEqualTo(1_000_000_000_000L + (json.length() + 3) / 4);
		assertThat(of("/v1/chat/completions", "{\"model\":\"m\",\"n\":999999999999999}").assumedOutput()).isPositive();
	}

	@Test
	void onlyAnAssumedOutputIsCutToTheLimit() {
		TokenDemand demand = new TokenDemand(10, 0, 256, Kind.TOKENS);
		assertThat(demand.reserved(1000)).isEqualTo(266);
		assertThat(demand.reserved(100)).isEqualTo(100);
		assertThat(demand.stated()).isEqualTo(10);
	}

	@Test
	void aRequestWithoutABodyUsesNoModel() {
		ApiCall call = new ApiCall(ApiPath.parse("GET", "/v1/files", null), "", null, false);
		assertThat(TokenDemand.of(call).kind()).isEqualTo(Kind.REQUEST);
	}

}
