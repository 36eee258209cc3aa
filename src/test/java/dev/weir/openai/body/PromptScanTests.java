package dev.weir.openai.body;

import java.nio.charset.StandardCharsets;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;

class PromptScanTests {

	private static final String TURN = """
			{"model":"m","tools":[{"type":"function"}],"messages":[{"role":"system","content":"s"},\
			{"content":"d","role":"developer"},{"role":"user","content":"one"}]}""";

	@Test
	void laterTurnsHaveTheSameKeyInAnyOrderOfTheProperties() {
		assertThat(key("""
				 {"stream":true,"messages":[{"role":"system","content":"s"},{"content":"d","role":"developer"},\
				{"role":"user","content":"one"},{"role":"assistant","content":null,"tool_calls":[{"id":"a"}]},\
				{"role":"tool","content":[{"type":"text","text":"t"}]}],"temperature":0.5,\
				"tools":[{"type":"function"}],"model":"m"}""")).isEqualTo(key(TURN)).isNotZero();
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', textBlock = """
			"model":"m"  | "model":"n"
			"one"        | "two"
			"s"          | "x"
			function     | custom
			"tools"      | "other"
			""")
	void anotherBeginningHasAnotherKey(String part, String replacement) {
		assertThat(key(TURN.replace(part, replacement))).isNotEqualTo(key(TURN));
	}

	@Test
	void responsesAreReadLikeChats() {
		String first = """
				{"model":"m","instructions":"i","input":[{"role":"user","content":"one"}]}""";
		assertThat(key("""
				{"input":[{"role":"user","content":"one"},{"type":"reasoning"}],"instructions":"i","model":"m"}"""))
			.isEqualTo(key(first));
		assertThat(key(first.replace("\"i\"", "\"j\""))).isNotEqualTo(key(first));
		assertThat(key("{\"model\":\"m\",\"input\":\"one\"}")).isNotZero()
			.isNotEqualTo(key("{\"model\":\"m\",\"input\":\"two\"}"));
	}

	@Test
	void aPromptThatGrowsKeepsItsKey() {
		String prompt = "x".repeat(5000);
		assertThat(key("{\"model\":\"m\",\"prompt\":\"" + prompt + "more\"}"))
			.isEqualTo(key("{\"model\":\"m\",\"prompt\":\"" + prompt + "\"}"));
		assertThat(key("{\"model\":\"m\",\"prompt\":\"" + prompt.replace('x', 'y') + "\"}"))
			.isNotEqualTo(key("{\"model\":\"m\",\"prompt\":\"" + prompt + "\"}"));
	}

	@Test
	void thePromptCacheKeyDecidesAlone() {
		assertThat(key("{\"prompt_cache_key\":\"k\",\"model\":\"m\",\"input\":\"one\"}"))
			.isEqualTo(key("{\"model\":\"m\",\"input\":[],\"prompt_cache_key\":\"k\"}"))
			.isNotEqualTo(key("{\"model\":\"m\",\"input\":\"one\",\"prompt_cache_key\":\"l\"}"));
	}

	@ParameterizedTest
	@ValueSource(strings = { "{\"model\":\"m\"}", "{}", "{\"messages\":null}", "{\"prompt_cache_key\":7}",
			"{\"tools\":[]}" })
	void withoutAPromptThereIsNoKey(String body) {
		assertThat(key(body)).isZero();
	}

	@ParameterizedTest
	@ValueSource(strings = { "{\"messages\":[]}", "{\"messages\":[1,[2],\"x\"]}", "{\"messages\":{\"role\":\"user\"}}",
			"{\"messages\":[{\"role\":{\"role\":\"system\"}},{}]}",
			"{\"messages\":[{\"role\":\"system\"}],\"input\":\"x\"}" })
	void otherShapesAreAccepted(String body) {
		assertThat(key(body)).isNotZero();
		assertThat(
				RequestBody.of(bytes(body.replace("{\"m", "{\"model\":\"gpt\",\"m")), "application/json", true).model())
			.isEqualTo("gpt");
	}

	@Test
	void aLongRoleIsNotAMistake() {
		assertThat(key("{\"messages\":[{\"role\":\"" + "r".repeat(100_000) + "\"}]}")).isNotZero();
	}

	@Test
	void anEmptyPromptCacheKeyIsNone() {
		String body = "{\"messages\":[{\"role\":\"user\",\"content\":\"ID\"}]";
		assertThat(key(body + ",\"prompt_cache_key\":\"\"}")).isEqualTo(key(body + "}"));
		assertThat(key("{\"prompt_cache_key\":\"\"}")).isZero();
	}

	@Test
	void theKeyIsReadOnlyIfItIsNeeded() {
		assertThat(RequestBody.of(bytes(TURN), "application/json").promptKey()).isZero();
	}

	private static long key(String body) {
		return RequestBody.of(bytes(body), "application/json", true).promptKey();
	}

	private static byte[] bytes(String text) {
		return text.getBytes(StandardCharsets.UTF_8);
	}

}
