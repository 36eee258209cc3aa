package dev.weir.openai.body;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import dev.weir.openai.error.MalformedRequestException;
import dev.weir.testing.Mutations;

import static dev.weir.openai.body.BodyText.bytes;
import static dev.weir.openai.body.BodyText.joined;
import static org.assertj.core.api.Assertions.assertThat;

/**
 * Mutates valid bodies. Each must either be refused with a message for the client or be
 * read like by another parser. The seeds are fixed, so a failure can be repeated.
 */
class RequestBodyFuzzTests {

	private static final String JSON = "{\"temperature\":-0.5e1,\"messages\":[{\"role\":\"user\",\"content\":"
			+ "\"ä€😀 \\\"model\\\": \\u00e4\"}],\"m\\u006fdel\": \"gpt-4o\" ,\"tools\":{\"model\":[null,true]},\"stream\":true}";

	private static final String MULTIPART = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"f\"\r\n\r\n"
			+ "\0\r\n--c\r\n\r\n\r\n--b\r\nContent-Disposition: form-data; name=\"model\"\r\nX: y\r\n\r\nwhisper-1\r\n"
			+ "--b\r\nContent-Disposition: form-data; name=stream\r\n\r\ntrue\r\n--b--\r\n";

	private static final List<String> TOKENS = List.of("\"model\":\"x\",", "\"", "\\", "{", "}", "[", "]", ",", ":",
			"\r\n", "--b", "\r\n--b\r\n", "--", "; name=\"model\"", "\\u", "null", "\ufeff", "\0", "é", "1e9",
			"\"stream\":true,");

	private int read;

	private final JsonMapper oracle = JsonMapper.builder()
		.enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
		.build();

	@ParameterizedTest
	@ValueSource(longs = { 1, 2, 3 })
	void mutatedJsonIsRefusedOrReadLikeByJackson(long seed) {
		Mutations.ofText(seed, List.of(JSON), TOKENS).forEach(20_000, (body) -> {
			RequestBody json = readOrNull(body, "application/json");
			// Jackson fills its cache of names up with this byte, so it may take a known
			// name for one that has it. No backend accepts such a body
			if (json instanceof JsonBody && !contains(body, (byte) 0xFF)) {
				this.read++;
				assertRenames(json, body, "application/json");
				JsonNode tree = this.oracle.readTree(withoutMark(body));
				assertThat(tree.path("model").asString(null)).isEqualTo(json.model());
				assertThat(tree.path("stream").isBoolean() && tree.path("stream").booleanValue())
					.isEqualTo(json.stream());
			}
		});
		assertThat(this.read).isGreaterThan(1000);
	}

	@ParameterizedTest
	@ValueSource(longs = { 1, 2, 3 })
	void mutatedMultipartIsRefusedOrItsModelCanBeReplaced(long seed) {
		Mutations.ofText(seed, List.of(MULTIPART), TOKENS).forEach(20_000, (body) -> {
			RequestBody multipart = readOrNull(body, "multipart/form-data; boundary=b");
			if (multipart instanceof MultipartBody) {
				this.read++;
				assertRenames(multipart, body, "multipart/form-data; boundary=b");
			}
		});
		assertThat(this.read).isGreaterThan(1000);
	}

	@ParameterizedTest
	@ValueSource(strings = { "application/json", "multipart/form-data; boundary=b" })
	void everyPrefixOfABodyIsRefused(String contentType) {
		byte[] body = bytes(contentType.endsWith("json") ? JSON : MULTIPART.stripTrailing());
		for (int length = 1; length < body.length; length++) {
			assertThat(readOrNull(Arrays.copyOf(body, length), contentType)).isNull();
		}
		assertThat(readOrNull(body, contentType)).isNotNull();
	}

	private void assertRenames(RequestBody body, byte[] original, String contentType) {
		byte[] renamed = joined(body.withModel("né\"w\\"));
		RequestBody again = RequestBody.of(renamed, contentType);
		assertThat(again.model()).isEqualTo("né\"w\\");
		assertThat(again.stream()).isEqualTo(body.stream());
		byte[] before = joined(body.withModel("x").subList(0, 1));
		byte[] after = joined(body.withModel("x").subList(2, 3));
		assertThat(Arrays.copyOf(original, before.length)).isEqualTo(before);
		assertThat(Arrays.copyOfRange(original, original.length - after.length, original.length)).isEqualTo(after);
		String replaced = new String(original, before.length, original.length - after.length - before.length,
				StandardCharsets.UTF_8);
		if (body instanceof JsonBody && body.model() != null) {
			replaced = this.oracle.readValue(replaced, String.class);
		}
		assertThat(replaced).isEqualTo((body.model() != null) ? body.model() : "");
	}

	private static RequestBody readOrNull(byte[] body, String contentType) {
		try {
			return RequestBody.of(body, contentType);
		}
		catch (MalformedRequestException ex) {
			assertThat(ex.getMessage()).hasSizeBetween(10, 140);
			return null;
		}
	}

	private static boolean contains(byte[] body, byte wanted) {
		for (byte b : body) {
			if (b == wanted) {
				return true;
			}
		}
		return false;
	}

	private static byte[] withoutMark(byte[] body) {
		return (body[0] == (byte) 0xEF) ? Arrays.copyOfRange(body, 3, body.length) : body;
	}

}
