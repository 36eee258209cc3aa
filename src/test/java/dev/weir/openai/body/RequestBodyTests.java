package dev.weir.openai.body;

import java.nio.ByteBuffer;
import java.util.List;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import dev.weir.openai.error.ApiErrorException;
import dev.weir.openai.error.MalformedRequestException;
import dev.weir.openai.stored.IdShape;

import static dev.weir.openai.body.BodyText.bytes;
import static dev.weir.openai.body.BodyText.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

class RequestBodyTests {

	private static final String JSON = "{\"model\":\"gpt-4o\",\"stream\":true}";

	@ParameterizedTest
	@ValueSource(strings = { "application/json", "application/json; charset=utf-8", " Application/JSON ;x",
			"application/merge-patch+json" })
	void jsonIsRecognizedByItsContentType(String contentType) {
		assertThat(RequestBody.of(bytes(JSON), contentType)).isInstanceOf(JsonBody.class);
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', quoteCharacter = '~', value = { "{}", "~ \r\n\t{}~", "~\ufeff{}~" })
	void jsonWithoutContentTypeIsRecognizedByItsBrace(String body) {
		assertThat(RequestBody.of(bytes(body), null)).isInstanceOf(JsonBody.class);
		assertThat(RequestBody.of(bytes(body), " ")).isInstanceOf(JsonBody.class);
	}

	@ParameterizedTest
	@ValueSource(strings = { "text/plain", "application/sdp", "application/jsonl", "multipart/mixed; boundary=x",
			"application/octet-stream", "nonsense" })
	void otherFormatsAreOpaque(String contentType) {
		RequestBody body = RequestBody.of(bytes(JSON), contentType);
		assertThat(body).isInstanceOf(OpaqueBody.class);
		assertThat(body.model()).isNull();
		assertThat(body.stream()).isFalse();
		assertThat(body.length()).isEqualTo(JSON.length());
		assertThat(text(body.bytes())).isEqualTo(JSON);
		assertThat(text(body.withModel("other"))).isEqualTo(JSON);
	}

	@ParameterizedTest
	@ValueSource(strings = { "application/json", "multipart/form-data; boundary=x", "text/plain" })
	void emptyBodiesAreOpaque(String contentType) {
		RequestBody body = RequestBody.of(new byte[0], contentType);
		assertThat(body).isInstanceOf(OpaqueBody.class);
		assertThat(text(body.withModel("other"))).isEmpty();
	}

	@Test
	void aBodyWithoutContentTypeAndBraceIsOpaque() {
		assertThat(RequestBody.of(bytes("[1]"), null)).isInstanceOf(OpaqueBody.class);
		assertThat(RequestBody.of(bytes(" "), null)).isInstanceOf(OpaqueBody.class);
	}

	@Test
	void bytesAreNotCopiedAndCannotBeChanged() {
		byte[] array = bytes(JSON);
		RequestBody body = RequestBody.of(array, null);
		List<ByteBuffer> original = body.bytes();
		List<ByteBuffer> renamed = body.withModel("o1");
		array[array.length - 1] = '!';
		assertThat(text(original)).endsWith("true!");
		assertThat(text(renamed)).endsWith("true!");
		assertThat(renamed).allSatisfy((buffer) -> assertThat(buffer.isReadOnly()).isTrue());
		assertThat(original).singleElement().satisfies((buffer) -> assertThat(buffer.isReadOnly()).isTrue());
	}

	@Test
	void bytesCanBeReadAnyNumberOfTimes() {
		RequestBody body = RequestBody.of(bytes(JSON), null);
		for (int i = 0; i < 3; i++) {
			assertThat(body.bytes()).allSatisfy((buffer) -> assertThat(buffer.position()).isZero());
			assertThat(text(body.bytes())).isEqualTo(JSON);
			assertThat(body.withModel("o1")).allSatisfy((buffer) -> assertThat(buffer.position()).isZero());
			assertThat(text(body.withModel("o1"))).isEqualTo("{\"model\":\"o1\",\"stream\":true}");
		}
	}

	@ParameterizedTest
	@ValueSource(strings = { "a\nb", "a\rb", "a\u0000", "a\u007f", "a\u0085", "\ud800", "\udc00a" })
	void invalidModelsAreNeitherReadNorWritten(String name) {
		RequestBody json = RequestBody.of(bytes("{}"), null);
		assertThatIllegalArgumentException().isThrownBy(() -> json.withModel(name));
		String escaped = name.chars().mapToObj((c) -> String.format("\\u%04x", c)).reduce("", String::concat);
		assertThatExceptionOfType(MalformedRequestException.class)
			.isThrownBy(() -> RequestBody.of(bytes("{\"model\":\"" + escaped + "\"}"), null))
			.withMessageStartingWith("The value of 'model' ");
	}

	@Test
	void modelsMayHave256Characters() {
		String longest = "ä".repeat(256);
		RequestBody body = RequestBody.of(bytes("{\"model\":\"" + longest + "\"}"), null);
		assertThat(body.model()).isEqualTo(longest);
		assertThat(text(body.withModel(longest))).contains(longest);
		assertThatIllegalArgumentException().isThrownBy(() -> body.withModel(longest + "a"));
	}

	@ParameterizedTest
	@ValueSource(strings = { "null", "\"\"", "\" \"", "\"\\u3000\"", "\"\\t\"" })
	void aNullOrBlankModelCountsAsAbsentAndIsReplaced(String value) {
		String json = "{\"a\":[null],\"model\" : " + value + " ,\"b\":1}";
		RequestBody body = RequestBody.of(bytes(json), "application/json");
		assertThat(body.model()).isNull();
		assertThat(text(body.bytes())).isEqualTo(json);
		assertThat(text(body.withModel("m"))).isEqualTo("{\"a\":[null],\"model\" : \"m\" ,\"b\":1}");
		assertThatExceptionOfType(MalformedRequestException.class)
			.isThrownBy(() -> RequestBody.of(bytes("{\"model\":" + value + ",\"model\":\"b\"}"), "application/json"))
			.withMessageContaining("more than one");
		assertThatIllegalArgumentException().isThrownBy(() -> body.withModel(" "));
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', nullValues = "-",
			value = { "application/json | {\"model\":\"m\"} | m", "application/vnd.api+json | {\"model\":\"m\"} | m",
					"- | {\"model\":\"m\"} | m", "text/plain | {\"model\":\"m\"} | m",
					"application/x-www-form-urlencoded | {\"model\":\"m\"} | m", "text/plain | {model:m} | -",
					"application/json | {\"model\":\"m\" | -", "application/json | {\"model\":\"m\"}{} | -",
					"multipart/form-data | --b-- | -", "application/json | [{\"model\":\"m\"}] | -",
					"application/json | {\"model\":{\"id\":\"m\"}} | -", "application/json | {\"model\":5,\"a\":1} | -",
					"application/json | {\"model\":null} | -", "application/octet-stream | abc | -",
					"- | model=m | -" })
	void theModelOfAnUnknownOperationIsFound(@Nullable String type, String json, @Nullable String model) {
		RequestBody body = RequestBody.ofUnknown(bytes(json), type, IdShape.NONE);
		assertThat(body.model()).isEqualTo(model);
		assertThat(text(body.bytes())).isEqualTo(json);
		if (model != null) {
			assertThat(text(body.withModel("other"))).isEqualTo(json.replace("\"m\"", "\"other\""));
		}
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', nullValues = "-",
			value = { "- | {\"model\":\"m\"} | -", "- | {\"file_id\":\"f\"} | -", "- | '' | -",
					"- | {\"Model\":\"m\"} | 400", "application/json | {\"model\":\"m\" | 400",
					"multipart/form-data | --b-- | 400", "application/json | [1] | 415", "text/plain | model=m | 415" })
	void aBodyThatIsNotUnderstoodHasAProblem(@Nullable String type, String json, @Nullable Integer status) {
		ApiErrorException problem = RequestBody.ofUnknown(bytes(json), type, IdShape.NONE).problem();
		assertThat((problem != null) ? problem.error().status() : null).isEqualTo(status);
	}

	@ParameterizedTest
	@ValueSource(strings = { "{\"model\":\"a\",\"model\":\"b\"}", "{\"model\":\"a\",\"model\":null}",
			"{\"model\":\"a\\u0000\"}", "{\"model\":\"a\",\"Model\":\"b\"}", "{\"MODEL\":\"a\",\"Model\":\"b\"}" })
	void anAmbiguousBodyOfAnUnknownOperationIsRefused(String text) {
		assertThatExceptionOfType(MalformedRequestException.class)
			.isThrownBy(() -> RequestBody.ofUnknown(bytes(text), "application/json", IdShape.NONE));
	}

}
