package dev.weir.openai.body;

import java.nio.charset.StandardCharsets;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.json.JsonMapper;

import dev.weir.openai.stored.ContentHash;

import static org.assertj.core.api.Assertions.assertThat;

class ReasoningCutTests {

	@Test
	void reasoningAndTheIdsOfItemsThatDependOnItAreLeftOut() {
		assertThat(
				cut("""
						{"model":"m","input":[
						 {"role":"user","content":"a","id":"msg_user"},
						 {"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"gAAA"},
						 {"id":"fc_1","type":"function_call","name":"f","call_id":"c","arguments":"{\\"id\\":1}"},
						 {"type":"function_call_output","call_id":"c","output":"x"},
						 {"type":"message","role":"assistant","content":[{"type":"output_text","text":"b","id":"kept"}],"id":"msg_1"},
						 {"role":"user","content":"c","id":"msg_2"},
						 {"type":"message","role":"assistant","id":"msg_3","content":"d"}
						],"store":false}"""))
			.isEqualTo(normal("""
					{"model":"m","input":[
					 {"role":"user","content":"a","id":"msg_user"},
					 {"type":"function_call","name":"f","call_id":"c","arguments":"{\\"id\\":1}"},
					 {"type":"function_call_output","call_id":"c","output":"x"},
					 {"type":"message","role":"assistant","content":[{"type":"output_text","text":"b","id":"kept"}]},
					 {"role":"user","content":"c","id":"msg_2"},
					 {"type":"message","role":"assistant","id":"msg_3","content":"d"}
					],"store":false}"""));
	}

	@Test
	void onlyUnwantedReasoningIsLeftOut() {
		String unwanted = hash("two");
		String body = """
				{"input":[{"type":"reasoning","id":"rs_1","encrypted_content":"one"},{"type":"message","role":"assistant","id":"m1","content":"a"},
				 {"type":"reasoning","id":"rs_2","encrypted_content":"two"},{"type":"web_search_call","id":"ws","status":"completed"},
				 {"type":"message","role":"assistant","id":"m2","content":"b"},{"type":"reasoning","id":"rs_3","encrypted_content":"one"},
				 {"type":"web_search_call","id":"ws2"}]}""";
		byte[] cut = ReasoningCut.apply(utf8(body), unwanted::equals);
		assertThat(normal(new String(cut, StandardCharsets.UTF_8))).isEqualTo(
				normal("""
						{"input":[{"type":"reasoning","id":"rs_1","encrypted_content":"one"},{"type":"message","role":"assistant","id":"m1","content":"a"},
						 {"type":"message","role":"assistant","content":"b"},{"type":"reasoning","id":"rs_3","encrypted_content":"one"},
						 {"type":"web_search_call","id":"ws2"}]}"""));
	}

	@Test
	void itemsThatMustHaveAnIdKeepIt() {
		assertThat(cut("""
				{"input":[{"encrypted_content":"x","type":"reasoning"},{"type":"item_reference","id":"a"},
				 {"type":"computer_call","id":"b"},{"id" : "c" ,"type":"custom_tool_call"},{"id":"only"},{}]}"""))
			.isEqualTo(normal("""
					{"input":[{"type":"item_reference","id":"a"},{"type":"computer_call","id":"b"},
					 {"type":"custom_tool_call"},{},{}]}"""));
	}

	@ParameterizedTest
	@ValueSource(
			strings = { "{}", "{\"input\":\"text\"}", "{\"input\":[]}", "{\"input\":[1,\"a\",null,{\"id\":\"b\"}]}",
					"{\"input\":[{\"type\":\"compaction\",\"encrypted_content\":\"x\"}]}",
					"{\"x\":[{\"type\":\"reasoning\",\"encrypted_content\":\"x\"}]}" })
	void aBodyWithoutReasoningStays(String body) {
		assertThat(ReasoningCut.apply(utf8(body), (hash) -> true)).isNull();
	}

	@Test
	void longContentIsNotDecoded() {
		String content = "g".repeat(300_000);
		assertThat(cut("{\"input\":[{\"type\":\"reasoning\",\"encrypted_content\":\"" + content
				+ "\"},{\"type\":\"message\",\"content\":\"" + content + "\"}]}"))
			.isEqualTo("{\"input\":[{\"type\":\"message\",\"content\":\"" + content + "\"}]}");
	}

	@Test
	void theHashDoesNotDependOnEscapes() {
		assertThat(hash("a\\u002B\\/b\\u00fc\\ud83d\\ude00\\n")).isEqualTo(hash("a+/bü😀\n"));
		assertThat(hash("g".repeat(1000))).isNotEqualTo(hash("g".repeat(1001))).hasSize(32);
	}

	private static String hash(String text) {
		byte[] bytes = utf8(text);
		return ContentHash.of(bytes, 0, bytes.length);
	}

	private static String cut(String body) {
		byte[] cut = ReasoningCut.apply(utf8(body), (hash) -> true);
		return normal(new String(cut, StandardCharsets.UTF_8));
	}

	private static String normal(String json) {
		JsonMapper.shared().readTree(json);
		return json.replace(",\n ", ",").replace("[\n ", "[").replace("\n]", "]");
	}

	private static byte[] utf8(String text) {
		return text.getBytes(StandardCharsets.UTF_8);
	}

}
