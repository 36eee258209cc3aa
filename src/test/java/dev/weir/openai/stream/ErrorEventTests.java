package dev.weir.openai.stream;

import java.nio.charset.StandardCharsets;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import dev.weir.openai.call.Operation;
import dev.weir.openai.error.ApiError;

import static org.assertj.core.api.Assertions.assertThat;

class ErrorEventTests {

	@Test
	void itHasTheShapeThatSdksRaise() {
		ApiError error = new ApiError(502, "a\nb", "server_error", null, "broken");
		assertThat(new String(ErrorEvent.of(error, Operation.CHAT_COMPLETIONS, null), StandardCharsets.UTF_8))
			.isEqualTo("data: {\"error\":{\"message\":\"a\\nb\",\"type\":\"server_error\","
					+ "\"param\":null,\"code\":\"broken\"}}\n\n");
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', quoteCharacter = '~', nullValues = "-", value = { "- | 0",
			"data: {'type':'x','sequence_number':41} | 42", "data: {'type':'x'} | 0", "data: x | 0" })
	void inTheResponsesApiItIsTheNextEventOfTheStream(String last, long number) {
		ApiError error = new ApiError(502, "m", "server_error", "p", null);
		StreamEvent event = (last != null) ? StreamEvent.of(bytes(last.replace('\'', '"') + "\n\n")) : null;
		StreamEvent written = StreamEvent.of(ErrorEvent.of(error, Operation.RESPONSES, event));
		assertThat(new String(written.bytes(), StandardCharsets.UTF_8))
			.isEqualTo("event: error\ndata: {\"type\":\"error\",\"code\":\"server_error\","
					+ "\"message\":\"m\",\"param\":\"p\",\"sequence_number\":" + number + "}\n\n");
		assertThat(written.kind()).isEqualTo(StreamEvent.Kind.ERROR);
	}

	private static byte[] bytes(String text) {
		return text.getBytes(StandardCharsets.UTF_8);
	}

}
