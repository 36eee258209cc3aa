package dev.weir.openai.body;

import java.nio.charset.StandardCharsets;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;

class AskedOutputTests {

	private static RequestBody body(String json) {
		return RequestBody.of(json.getBytes(StandardCharsets.UTF_8), "application/json");
	}

	private static String asking(String json, String model) {
		return BodyText.text(body(json).askingForUsage(model));
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', quoteCharacter = '`', value = { "{\"model\":\"m\"}|0|1", "{\"max_tokens\":100}|100|1",
			"{\"max_completion_tokens\":7,\"n\":3}|7|3", "{\"max_output_tokens\":50}|50|1",
			"{\"max_tokens\":5,\"max_completion_tokens\":9}|9|1", "{\"n\":2,\"best_of\":4}|0|4",
			"{\"max_tokens\":null,\"n\":null}|0|1", "{\"max_tokens\":-5,\"n\":0}|0|1", "{\"max_tokens\":\"100\"}|0|1",
			"{\"max_tokens\":1.5}|0|1", "{\"max_tokens\":99999999999999999999999999}|1000000000|1",
			"{\"max_tokens\":1,\"max_tokens\":4000}|4000|1", "{\"metadata\":{\"max_tokens\":9,\"n\":5}}|0|1",
			"{\"max_tokens\":{\"n\":5}}|0|1", "{\"max_tokens\":[9]}|0|1" })
	void theLargestOutputAndTheChoicesAreRead(String json, long maxTokens, long choices) {
		assertThat(body(json).maxOutputTokens()).isEqualTo(maxTokens);
		assertThat(body(json).choices()).isEqualTo(choices);
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', quoteCharacter = '`', value = {
			"{\"model\":\"m\",\"stream\":true}|{\"stream_options\":{\"include_usage\":true},\"model\":\"d\",\"stream\":true}",
			"{\"stream\":true}|{\"stream_options\":{\"include_usage\":true},\"model\":\"d\",\"stream\":true}",
			" { \"stream\":true,\"model\":\"m\"}| {\"stream_options\":{\"include_usage\":true}, \"stream\":true,\"model\":\"d\"}",
			"{\"model\":\"m\",\"stream_options\":{}}|{\"model\":\"d\",\"stream_options\":{\"include_usage\":true}}",
			"{\"stream_options\":{\"include_obfuscation\":false},\"model\":\"m\"}"
					+ "|{\"stream_options\":{\"include_usage\":true,\"include_obfuscation\":false},\"model\":\"d\"}",
			"{\"stream_options\": {\"include_usage\": false, \"x\": {\"include_usage\": null}},\"model\":\"m\"}"
					+ "|{\"stream_options\": {\"include_usage\": true, \"x\": {\"include_usage\": null}},\"model\":\"d\"}",
			"{\"stream_options\":{\"include_usage\":null},\"model\":\"m\"}|{\"stream_options\":{\"include_usage\":true},\"model\":\"d\"}",
			"{\"model\":\"m\",\"stream_options\":null}|{\"model\":\"d\",\"stream_options\":{\"include_usage\":true}}" })
	void theOptionIsAddedAndTheClientsOtherOptionsStay(String json, String sent) {
		assertThat(body(json).canAskForUsage()).isTrue();
		assertThat(asking(json, "d")).isEqualTo(sent);
		assertThat(body(sent).canAskForUsage()).isFalse();
	}

	@Test
	void theModelCanStayAsItIs() {
		assertThat(BodyText.text(body("{\"model\":\"m\",\"stream_options\":{\"x\":1}}").askingForUsage(null)))
			.isEqualTo("{\"model\":\"m\",\"stream_options\":{\"include_usage\":true,\"x\":1}}");
	}

	@ParameterizedTest
	@ValueSource(strings = { "{\"model\":\"m\",\"stream_options\":{\"include_usage\":true}}",
			"{\"model\":\"m\",\"stream_options\":{\"include_usage\":\"yes\"}}",
			"{\"model\":\"m\",\"stream_options\":\"x\"}", "{\"model\":\"m\",\"stream_options\":[]}" })
	void optionsThatReportItAnywayOrAreInvalidStay(String json) {
		assertThat(body(json).canAskForUsage()).isFalse();
		assertThat(asking(json, "d")).isEqualTo(json.replace("\"m\"", "\"d\""));
	}

	@Test
	void aFileInThePromptIsCountedAsAFile() {
		String image = "A".repeat(100_000);
		String text = "{\"messages\":[{\"content\":[{\"image_url\":{\"url\":\"data:image/png;base64,%s\"}}]}]}";
		assertThat(body(text.formatted(image)).promptSize()).isEqualTo(new PromptSize(text.length() - 2, 1));
		assertThat(body(text.formatted("A".repeat(900))).promptSize().files()).isZero();
	}

	@Test
	void textIsNoFile() {
		String words = "the quick brown fox ".repeat(1000);
		assertThat(body("{\"prompt\":\"" + words + "\"}").promptSize())
			.isEqualTo(new PromptSize(words.length() + 13, 0));
	}

	@Test
	void eachFileCounts() {
		String image = "iVBORw0KGgo+/9".repeat(200);
		PromptSize size = body("{\"a\":\"" + image + "\",\"b\":\"" + image + "\",\"c\":\"hello\"}").promptSize();
		assertThat(size.files()).isEqualTo(2);
		assertThat(size.textBytes()).isLessThan(40);
	}

}
