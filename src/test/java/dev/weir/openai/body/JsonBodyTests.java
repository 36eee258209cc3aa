package dev.weir.openai.body;

import java.nio.ByteBuffer;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.List;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import dev.weir.openai.error.MalformedRequestException;

import static dev.weir.openai.body.BodyText.bytes;
import static dev.weir.openai.body.BodyText.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

class JsonBodyTests {

	@ParameterizedTest
	@CsvSource(delimiter = '|', value = { "{\"store\":false} | true", "{\"store\":true} | false", "{} | false",
			"{\"store\":null} | false", "{\"x\":{\"store\":false}} | false" })
	void storingIsDisabledOnlyByStoreFalse(String body, boolean expected) {
		assertThat(read(body).isStoreDisabled()).isEqualTo(expected);
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', quoteCharacter = '~', value = { "{\"model\":\"a\"} | {\"model\":\"new\"}",
			"{ \"model\" : \"a\" , \"x\":1 } | { \"model\" : \"new\" , \"x\":1 }",
			"~ \n{\"x\":[{\"model\":\"b\"}],\"model\":\"a\"}\r\n~ | ~ \n{\"x\":[{\"model\":\"b\"}],\"model\":\"new\"}\r\n~",
			"{\"x\":\"\\\"model\\\":\\\"b\\\"\",\"model\":\"a\"} | {\"x\":\"\\\"model\\\":\\\"b\\\"\",\"model\":\"new\"}",
			"{\"m\\u006fdel\":\"a\"} | {\"m\\u006fdel\":\"new\"}", "{\"model\":\"\\u0061\"} | {\"model\":\"new\"}",
			"{\"ä€😀\":\"ä€😀\",\"model\":\"a\",\"ä\":0} | {\"ä€😀\":\"ä€😀\",\"model\":\"new\",\"ä\":0}",
			"~\ufeff{\"model\":\"a\"}~ | ~\ufeff{\"model\":\"new\"}~",
			"{\"Modell\":1,\"model\":\"a\",\"models\":2,\"\":3} | {\"Modell\":1,\"model\":\"new\",\"models\":2,\"\":3}" })
	void onlyTheModelIsReplaced(String body, String expected) {
		RequestBody json = read(body);
		assertThat(json.model()).isEqualTo("a");
		assertThat(text(json.bytes())).isEqualTo(body);
		assertThat(text(json.withModel("new"))).isEqualTo(expected);
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', quoteCharacter = '~',
			value = { "{} | {\"model\":\"new\"}", "{ } | {\"model\":\"new\" }",
					"{\"x\":{\"model\":\"b\"}} | {\"model\":\"new\",\"x\":{\"model\":\"b\"}}",
					"~ { \"x\":1}~ | ~ {\"model\":\"new\", \"x\":1}~",
					"~\ufeff{\"x\":1}~ | ~\ufeff{\"model\":\"new\",\"x\":1}~" })
	void anAbsentModelIsInserted(String body, String expected) {
		assertThat(read(body).model()).isNull();
		assertThat(text(read(body).withModel("new"))).isEqualTo(expected);
	}

	@Test
	void modelsAreUnescapedAndEscaped() {
		RequestBody body = read("{\"model\":\"a\\\"b\\\\c\\/ä\\ud83d\\ude00\"}");
		assertThat(body.model()).isEqualTo("a\"b\\c/ä😀");
		assertThat(text(body.withModel("x\"y\\zä😀"))).isEqualTo("{\"model\":\"x\\\"y\\\\zä😀\"}");
		assertThat(text(read("{}").withModel("x\"y"))).isEqualTo("{\"model\":\"x\\\"y\"}");
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', quoteCharacter = '~',
			value = { "{\"stream\":true} | true", "{\"stream\":false} | false", "{\"stream\":null} | false",
					"{\"stream\":\"true\"} | false", "{\"stream\":1} | false", "{\"stream\":{\"stream\":true}} | false",
					"{\"x\":{\"stream\":true}} | false", "{} | false",
					"{\"stream\":true,\"model\":\"a\",\"stream_options\":false} | true",
					"{\"stream\":true,\"stream\":false} | false" })
	void streamIsTrueOnlyAtTheTopLevel(String body, boolean expected) {
		assertThat(read(body).stream()).isEqualTo(expected);
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', quoteCharacter = '~',
			value = { "[] | is not a JSON object", "nonsense | is not a JSON object", "\"x\" | is not a JSON object",
					"~ ~ | is not a JSON object", "~\ufeff\ufeff{}~ | is not a JSON object", "{ | ends before",
					"{\"model | ends before", "{\"model\":\"a\" | ends before", "{\"model\":\"a | ends before",
					"{\"x\":[{} | ends before", "{}} | near byte", "{}{} | has data after", "{} 1 | has data after",
					"{}x | near byte", "{'a':1} | near byte", "{\"a\":1,} | near byte", "{\"a\":01} | near byte",
					"{\"a\":NaN} | near byte", "{/**/} | near byte", "{\"a\":\"\\x\"} | near byte",
					"~{\"a\":\"\n\"}~ | near byte", "{\"a\" 1} | near byte", "{]} | near byte",
					"{\"model\":1} | not a number", "{\"model\":-1.5} | not a number",
					"{\"model\":true} | not a boolean", "{\"model\":false} | not a boolean",
					"{\"model\":{}} | not an object", "{\"model\":[\"a\"]} | not an array",
					"{\"model\":\"a\",\"model\":\"b\"} | more than one 'model'",
					"{\"model\":\"a\",\"mode\\u006c\":\"a\"} | more than one 'model'" })
	void theMessageNamesTheProblem(String body, String problem) {
		assertThatExceptionOfType(MalformedRequestException.class).isThrownBy(() -> read(body))
			.withMessageContaining(problem);
	}

	@Test
	void theMessageNamesTheByte() {
		assertThatExceptionOfType(MalformedRequestException.class).isThrownBy(() -> read("  {\"a\":#}"))
			.withMessageEndingWith("near byte 8");
	}

	@Test
	void theMessageQuotesNothing() {
		assertThatExceptionOfType(MalformedRequestException.class).isThrownBy(() -> read("{\"a\":secret}"))
			.satisfies((ex) -> assertThat(ex.getMessage()).doesNotContain("secret"))
			.withNoCause();
	}

	@ParameterizedTest
	@ValueSource(strings = { "UTF-16LE", "UTF-16BE", "UTF-16", "UTF-32LE", "UTF-32BE" })
	void onlyUtf8IsAccepted(String charset) {
		byte[] body = "{\"model\":\"a\"}".getBytes(Charset.forName(charset));
		assertThatExceptionOfType(MalformedRequestException.class)
			.isThrownBy(() -> RequestBody.of(body, "application/json"));
	}

	@Test
	void invalidUtf8IsRefused() {
		byte[] body = "{\"a\":\"\u00c3\"}".getBytes(StandardCharsets.ISO_8859_1);
		assertThatExceptionOfType(MalformedRequestException.class)
			.isThrownBy(() -> RequestBody.of(body, "application/json"));
	}

	@Test
	void fiveHundredLevelsAreAllowedAndNoMore() {
		// the object itself is the first
		assertThat(read(nested(499)).model()).isEqualTo("a");
		assertThatExceptionOfType(MalformedRequestException.class).isThrownBy(() -> read(nested(500)))
			.withMessageContaining("nests deeper than 500 levels");
		assertThatExceptionOfType(MalformedRequestException.class).isThrownBy(() -> read("{\"a\":".repeat(1_000_000)))
			.withMessageContaining("nests deeper than 500 levels");
	}

	@Test
	void longNumbersAndPropertyNamesAreRefused() {
		assertThatExceptionOfType(MalformedRequestException.class)
			.isThrownBy(() -> read("{\"a\":" + "1".repeat(10_000) + "}"))
			.withMessageContaining("1,000 digits");
		assertThat(read("{\"a\":" + "1".repeat(1000) + ",\"" + "b".repeat(50_000) + "\":1}").model()).isNull();
		assertThatExceptionOfType(MalformedRequestException.class)
			.isThrownBy(() -> read("{\"" + "b".repeat(60_000) + "\":1}"))
			.withMessageContaining("50,000 characters");
	}

	@Test
	void manyDifferentPropertyNamesAreAllowed() {
		StringBuilder body = new StringBuilder("{\"x\":{\"\":0");
		for (int i = 0; i < 100_000; i++) {
			body.append(",\"p").append(i).append("\":0");
		}
		assertThat(read(body + "},\"model\":\"a\"}").model()).isEqualTo("a");
	}

	@ParameterizedTest
	@ValueSource(ints = { 257, 1023, 1025, 100_000, 30_000_000 })
	void longModelsAreRefused(int length) {
		assertThatExceptionOfType(MalformedRequestException.class)
			.isThrownBy(() -> read("{\"model\":\"" + "a".repeat(length) + "\"}"))
			.withMessage("The value of 'model' has more than 256 characters");
	}

	@Test
	void modelIsFoundBehindLargeMessages() {
		// Jackson's own limit for a string is 20 million characters
		String messages = "{\"messages\":[" + "{\"role\":\"user\",\"content\":\"say \\\"model\\\"\"},".repeat(100_000)
				+ "{\"content\":\"" + "a".repeat(21_000_000) + "\"}],";
		RequestBody body = read(messages + "\"model\":\"a\",\"stream\":true}");
		assertThat(body.model()).isEqualTo("a");
		assertThat(body.stream()).isTrue();
		List<ByteBuffer> renamed = body.withModel("new");
		assertThat(renamed.get(0).remaining()).isEqualTo(messages.length() + "\"model\":".length());
		assertThat(text(renamed.subList(1, 3))).isEqualTo("\"new\",\"stream\":true}");
	}

	private static String nested(int levels) {
		return "{\"x\":" + "[".repeat(levels) + "]".repeat(levels) + ",\"model\":\"a\"}";
	}

	private static RequestBody read(String body) {
		return RequestBody.of(bytes(body), "application/json");
	}

}
