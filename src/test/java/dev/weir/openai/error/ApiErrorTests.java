package dev.weir.openai.error;

import java.nio.charset.StandardCharsets;
import java.util.Random;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;

class ApiErrorTests {

	@Test
	void jsonHasTheShapeOfOpenAi() {
		ApiError error = new ApiError(400, "no such thing", "invalid_request_error", "model", "model_not_found");
		assertThat(text(error)).isEqualTo("{\"error\":{\"message\":\"no such thing\","
				+ "\"type\":\"invalid_request_error\",\"param\":\"model\",\"code\":\"model_not_found\"}}");
	}

	@Test
	void absentParamAndCodeAreNull() {
		assertThat(text(new ApiError(500, "m", "t", null, null)))
			.isEqualTo("{\"error\":{\"message\":\"m\",\"type\":\"t\",\"param\":null,\"code\":null}}");
	}

	@Test
	void textIsEscapedAndUtf8() {
		assertThat(text(new ApiError(500, "\"\\\n\u0001ä€😀", "t", null, null)))
			.contains("\"message\":\"\\\"\\\\\\n\\u0001ä€😀\"");
	}

	@Test
	void halfASurrogatePairIsReplaced() {
		assertThat(text(new ApiError(500, "a\ud800b", "t", null, null))).contains("\"message\":\"a?b\"");
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', quoteCharacter = '~', nullValues = "-", value = {
			"{'error':{'message':'m','type':'tokens','param':null,'code':'rate_limit_exceeded'}} | rate_limit_exceeded | tokens",
			"{'error':{'code':'429','message':'m'}} | 429 | -", "{'error':{'code':429,'type':null}} | 429 | -",
			"{'error':{'code':null,'type':'server_error'}} | - | server_error",
			"{'error':{'innererror':{'code':'x','type':'y'},'code':'content_filter'}} | content_filter | -",
			"{'error':{'code':{'a':1},'type':['b']}} | - | -", "{'error':{'code':true}} | - | -",
			"{'error':{'error':{'code':'inner'},'code':'outer'}} | inner | -",
			"{'statusCode':404,'message':'Resource not found'} | 404 | -", "{'error':'text'} | - | -",
			"[{'error':{'code':'x'}}] | x | -", "{'error':null} | - | -", "{'error':{'statusCode':404}} | - | -",
			"{'object':'error','message':'m','type':'NotFoundError','code':404} | 404 | NotFoundError",
			"{'code':'first','statusCode':1} | first | -", "{'statusCode':1,'code':'first'} | first | -",
			"{'code':'outer','type':'outer','error':{'code':'inner'}} | inner | -",
			"{'type':'error','code':'server_error','message':'m'} | server_error | error",
			"{'error':{'code':'insufficient_quota','message':'cut o | insufficient_quota | -" })
	void codeAndTypeAreReadFromEveryKnownShape(String body, String code, String type) {
		assertThat(ErrorDetails.read(bytes(body.replace('\'', '"')))).extracting(ErrorDetails::code, ErrorDetails::type)
			.containsExactly(code, type);
	}

	@ParameterizedTest
	@ValueSource(strings = { "", " ", "<html>502</html>", "[]", "null", "\"error\"", "{", "{\"error\":",
			"{\"error\":{\"code\":\"cut", "}", "\u0000" })
	void otherBodiesHaveNeitherCodeNorType(String body) {
		assertThat(ErrorDetails.read(bytes(body))).extracting(ErrorDetails::code, ErrorDetails::type)
			.containsOnlyNulls();
	}

	@Test
	void aWrittenErrorCanBeRead() {
		assertThat(ErrorDetails.read(new ApiError(429, "m", "requests", null, "rate_limit_exceeded").toJson()))
			.isEqualTo(new ErrorDetails("rate_limit_exceeded", "requests", null, "m"));
	}

	@Test
	void noBytesCauseAnException() {
		Random random = new Random(1);
		byte[] valid = new ApiError(429, "ä€😀", "requests", "x", "rate_limit_exceeded").toJson();
		for (int i = 0; i < 20_000; i++) {
			byte[] mutated = valid.clone();
			for (int n = random.nextInt(4); n >= 0; n--) {
				mutated[random.nextInt(mutated.length)] = (byte) random.nextInt(256);
			}
			assertThat(ErrorDetails.read(mutated)).isNotNull();
		}
		assertThat(ErrorDetails.read(bytes("{\"a\":".repeat(100_000)))).isNotNull();
	}

	private static String text(ApiError error) {
		return new String(error.toJson(), StandardCharsets.UTF_8);
	}

	private static byte[] bytes(String text) {
		return text.getBytes(StandardCharsets.UTF_8);
	}

}
