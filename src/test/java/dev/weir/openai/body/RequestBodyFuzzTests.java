package dev.weir.openai.body;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import dev.weir.openai.error.MalformedRequestException;

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

	private final JsonMapper oracle = JsonMapper.builder()
		.enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
		.build();

	@ParameterizedTest
	@ValueSource(longs = { 1, 2, 3 })
	void mutatedJsonIsRefusedOrReadLikeByJackson(long seed) {
		Random random = new Random(seed);
		int read = 0;
		for (int i = 0; i < 20_000; i++) {
			byte[] body = mutate(bytes(JSON), random);
			RequestBody json = readOrNull(body, "application/json");
			if (json instanceof JsonBody) {
				read++;
				assertRenames(json, body, "application/json");
				JsonNode tree = this.oracle.readTree(withoutMark(body));
				assertThat(tree.path("model").asString(null)).isEqualTo(json.model());
				assertThat(tree.path("stream").isBoolean() && tree.path("stream").booleanValue())
					.isEqualTo(json.stream());
			}
		}
		assertThat(read).isBetween(1000, 19_000);
	}

	@ParameterizedTest
	@ValueSource(longs = { 1, 2, 3 })
	void mutatedMultipartIsRefusedOrItsModelCanBeReplaced(long seed) {
		Random random = new Random(seed);
		int read = 0;
		for (int i = 0; i < 20_000; i++) {
			byte[] body = mutate(bytes(MULTIPART), random);
			RequestBody multipart = readOrNull(body, "multipart/form-data; boundary=b");
			if (multipart instanceof MultipartBody) {
				read++;
				assertRenames(multipart, body, "multipart/form-data; boundary=b");
			}
		}
		assertThat(read).isBetween(1000, 19_000);
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

	private static byte[] mutate(byte[] body, Random random) {
		byte[] mutated = body;
		for (int n = random.nextInt(3); n >= 0; n--) {
			int at = random.nextInt(mutated.length + 1);
			int to = at;
			byte[] insert = new byte[0];
			switch (random.nextInt(4)) {
				case 0 -> to = Math.min(mutated.length, at + 1 + random.nextInt(5));
				case 1 -> insert = bytes(TOKENS.get(random.nextInt(TOKENS.size())));
				case 2 -> {
					insert = new byte[] { (byte) random.nextInt(256) };
					to = Math.min(mutated.length, at + 1);
				}
				default -> {
					int from = random.nextInt(mutated.length + 1);
					insert = Arrays.copyOfRange(mutated, from, Math.min(mutated.length, from + random.nextInt(60)));
				}
			}
			byte[] next = new byte[at + insert.length + mutated.length - to];
			System.arraycopy(mutated, 0, next, 0, at);
			System.arraycopy(insert, 0, next, at, insert.length);
			System.arraycopy(mutated, to, next, at + insert.length, mutated.length - to);
			mutated = next;
		}
		return (mutated.length > 0) ? mutated : body;
	}

	private static byte[] withoutMark(byte[] body) {
		return (body[0] == (byte) 0xEF) ? Arrays.copyOfRange(body, 3, body.length) : body;
	}

}
