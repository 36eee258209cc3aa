package dev.weir.openai.call;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import dev.weir.openai.error.ApiErrorException;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

class SafePathTests {

	@ParameterizedTest
	@ValueSource(strings = { "/", "/v1/responses/resp_abc-1.2~x", "/openai/deployments/gpt-4.1/chat/completions",
			"/v1/files/a%20b", "/v1/models/%C3%A4%E2%82%AC%F0%9F%98%80", "/v1/models/meta-llama%2FLlama-3",
			"/openai/deployments/a%2Fb/embeddings", "/v1/models/ft:gpt-4o:acme::abc@1", "/v1/.../x", "/v1/..a",
			"/v1/a..", "/v1/.a", "/v1/a.", "/v1/x=1&y,z+(a)*!$'", "/v1/x/", "/v1/100%25", "/v1/%25zz", "/v1/%25a" })
	void ordinaryPathsStayUnchanged(String path) {
		assertThat(SafePath.of(path)).isSameAs(path);
	}

	@ParameterizedTest
	@CsvSource({ "//v1/chat/completions, /v1/chat/completions", "/v1//chat/completions, /v1/chat/completions",
			"///v1///chat//completions//, /v1/chat/completions/", "//, /", "//evil.example/v1, /evil.example/v1",
			"/v1/chat/completion%73, /v1/chat/completions", "/%76%31/%63hat/completions, /v1/chat/completions",
			"/v1/gpt%2D4%2e1%5F%7e, /v1/gpt-4.1_~", "/v1/%e2%82%ac%3a, /v1/%E2%82%AC%3A",
			"/openai//deployments/m%2ff//chat/completions, /openai/deployments/m%2Ff/chat/completions",
			"/v1/models/a%2fb, /v1/models/a%2Fb", "/team//v1/models/a%2fb, /team/v1/models/a%2Fb",
			"/v1/%2E..x//%41, /v1/...x/A" })
	void equivalentPathsGetOneForm(String path, String normal) {
		assertThat(SafePath.of(path)).isEqualTo(normal);
		assertThat(SafePath.of(normal)).isSameAs(normal);
	}

	@ParameterizedTest
	@ValueSource(strings = { "/v1/a%2Fb", "/v1%2Fmodels/x", "/v1%2fchat/completions", "/%2Fv1/models/x",
			"/v1/modelsx/a%2Fb", "/v1/files/a%2fb" })
	void anEncodedSlashIsRefusedWhereNoModelStands(String path) {
		assertThat(problemWith(path)).contains("encoded slash");
	}

	@ParameterizedTest
	@ValueSource(strings = { "/..", "/.", "/v1/../x", "/v1/./x", "/v1/x/..", "/v1/x/.", "/../v1", "/v1/%2e%2e/x",
			"/v1/%2E%2e/x", "/v1/.%2e/x", "/v1/%2e./x", "/v1/%2e", "/v1/%2e/x", "/v1//../x", "/v1/..%2f",
			"/v1/models/a%2F..%2Fb", "/v1/models/%2e%2e%2ffiles" })
	void dotSegmentsAreRefused(String path) {
		assertThat(problemWith(path)).isEqualTo("The path has a dot segment.");
	}

	@ParameterizedTest
	@ValueSource(strings = { "/v1/a%5cb", "/v1/a%5Cb", "/v1/a\\b", "/v1/..;/x", "/v1/a;b=c", "/v1/a%3bb", "/v1/a%3Bb" })
	void backslashesAndSemicolonsAreRefused(String path) {
		assertThat(problemWith(path)).contains("backslash");
	}

	@ParameterizedTest
	@ValueSource(strings = { "/v1/%00", "/v1/%0d%0aX:%20y", "/v1/%1f", "/v1/%7f", "/v1/%7F", "/v1/\u0000", "/v1/a\nb",
			"/v1/\u007f", "/v1/%09" })
	void controlCharactersAreRefused(String path) {
		assertThat(problemWith(path)).contains("control character");
	}

	@ParameterizedTest
	@ValueSource(
			strings = { "/v1/%252e%252e/x", "/v1/%252f", "/v1/%2541", "/v1/%25%32%65", "/v1/%25%252e", "/v1/%25aF" })
	void doubleEscapesAreRefused(String path) {
		assertThat(problemWith(path)).contains("twice");
	}

	@ParameterizedTest
	@ValueSource(strings = { "/v1/%", "/v1/%2", "/v1/%zz", "/v1/%2g", "/v1/%g2", "/v1/%u002e", "/v1/%-1", "/v1/%+1",
			"/v1/%\uff12e" })
	void malformedEscapesAreRefused(String path) {
		assertThat(problemWith(path)).contains("malformed percent escape");
	}

	@ParameterizedTest
	@ValueSource(strings = { "/v1/%c0%ae%c0%ae/x", "/v1/%ff", "/v1/%c3", "/v1/%ed%a0%80", "/v1/%e0%80%af" })
	void escapesOfInvalidUtf8AreRefused(String path) {
		assertThat(problemWith(path)).contains("UTF-8");
	}

	@ParameterizedTest
	@ValueSource(strings = { "/v1/a b", "/v1/ä", "/v1/a?b", "/v1/a#b", "/v1/a|b", "/v1/{a}", "/v1/\"", "/v1/\uff0e" })
	void charactersThatMustBeEncodedAreRefused(String path) {
		assertThat(problemWith(path)).contains("must be percent-encoded");
	}

	@ParameterizedTest
	@ValueSource(strings = { "", "v1", "@evil.example/v1", "*", "http://evil.example/v1" })
	void pathsThatCouldNameAHostAreRefused(String path) {
		assertThat(problemWith(path)).contains("begin with a slash");
	}

	@Test
	void longPathsAreRefused() {
		assertThat(SafePath.of("/" + "a".repeat(2047))).hasSize(2048);
		assertThat(problemWith("/" + "a".repeat(2048))).contains("2048");
	}

	private static String problemWith(String path) {
		ApiErrorException refusal = catchThrowableOfType(ApiErrorException.class, () -> SafePath.of(path));
		assertThat(refusal.error().status()).isEqualTo(400);
		assertThat(refusal.error().code()).isEqualTo("invalid_path");
		return refusal.error().message();
	}

}
