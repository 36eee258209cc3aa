package dev.weir.openai.stream;

import java.nio.charset.StandardCharsets;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;

class UsageCutTests {

	private static final String USAGE = "{\"prompt_tokens\":9,\"completion_tokens\":3,\"total_tokens\":12}";

	private final UsageCut cut = new UsageCut();

	private @Nullable String cut(String event) {
		StreamEvent shown = this.cut.apply(StreamEvent.of(event.getBytes(StandardCharsets.UTF_8)));
		return (shown != null) ? new String(shown.bytes(), StandardCharsets.UTF_8) : null;
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', quoteCharacter = '`', value = {
			"{\"id\":\"1\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}],\"usage\":null}"
					+ "|{\"id\":\"1\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}",
			"{\"choices\":[{\"index\":0,\"delta\":{}}],\"usage\":null,\"obfuscation\":\"x\"}"
					+ "|{\"choices\":[{\"index\":0,\"delta\":{}}],\"obfuscation\":\"x\"}",
			"{\"usage\":null,\"choices\":[]}|{\"choices\":[]}",
			"{\"usage\": null, \"choices\": [], \"id\": 1}|{\"choices\": [], \"id\": 1}",
			"{\"id\": 1, \"usage\": null, \"choices\": []}|{\"id\": 1, \"choices\": []}",
			"{\"id\": 1, \"usage\" : null }|{\"id\": 1 }", "{\"usage\":null}|{}",
			"{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\\\"usage\\\":null\"}}],\"usage\":null}"
					+ "|{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\\\"usage\\\":null\"}}]}",
			"{\"choices\":[{\"index\":0,\"usage\":null}],\"usage\":null}|{\"choices\":[{\"index\":0,\"usage\":null}]}",
			"{\"model\":\"usage\",\"usage\":null}|{\"model\":\"usage\"}" })
	void theNullUsageOfAChunkGoesAndAllOtherBytesStay(String data, String shown) {
		assertThat(cut("data: " + data + "\n\n")).isEqualTo("data: " + shown + "\n\n");
		assertThat(cut("event: x\r\ndata:" + data + "\r\n\r\n")).isEqualTo("event: x\r\ndata:" + shown + "\r\n\r\n");
	}

	@ParameterizedTest
	@ValueSource(strings = { "data: [DONE]\n\n", ": usage\n\n", "data: {\"choices\":[{\"index\":0}]}\n\n",
			"data: \"usage\":null\n\n", "data: {\"a\":{\"usage\":null}}\n\n", "data: {\"usage\":\"null\"}\n\n",
			"data: {\"usage\"\n\n", "data: {\"usage\":\n\n", "data: {\"usage\":nul\n\n", "\n" })
	void everythingElseStays(String event) {
		assertThat(cut(event)).isEqualTo(event);
	}

	@Test
	void theChunkWithTheUsageAndWithoutChoicesGoes() {
		assertThat(cut("data: {\"id\":\"1\",\"choices\":[],\"usage\":" + USAGE + "}\n\n")).isNull();
		// the LF of the CR that ended the event before
		assertThat(cut("\ndata: {\"choices\":[],\"usage\":" + USAGE + "}\r\n\r")).isEqualTo("\n");
	}

	@Test
	void theFirstChunkOfAzureKeepsItsFilterResults() {
		assertThat(cut("data: {\"choices\":[],\"prompt_filter_results\":[{\"prompt_index\":0}],\"usage\":null}\n\n"))
			.isEqualTo("data: {\"choices\":[],\"prompt_filter_results\":[{\"prompt_index\":0}]}\n\n");
	}

	@Test
	void aUsageInTheLastChunkOfAChoiceStaysAsServersSendItUnasked() {
		String last = "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}],\"usage\":" + USAGE
				+ "}\n\n";
		assertThat(cut(last)).isEqualTo(last);
	}

	@Test
	void aUsageInEachChunkGoes() {
		String choice = "{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]";
		assertThat(cut("data: " + choice + ",\"usage\":" + USAGE + "}\n\n")).isEqualTo("data: " + choice + "}\n\n");
		String last = "{\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]";
		assertThat(cut("data: " + last + ",\"usage\":{\"prompt_tokens\":9,\"x\":\"}\"}}\n\n"))
			.isEqualTo("data: " + last + "}\n\n");
	}

}
