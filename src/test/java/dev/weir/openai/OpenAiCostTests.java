package dev.weir.openai;

import java.nio.charset.StandardCharsets;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import dev.weir.openai.body.RequestBody;
import dev.weir.openai.stream.BodyVerdict;
import dev.weir.openai.stream.EventSplitter;
import dev.weir.openai.stream.StreamEvent;
import dev.weir.openai.stream.UsageReader;
import dev.weir.testing.Allocation;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * The bytes allocated for reading requests and responses. The bounds are a little above
 * the need of the interpreter, which allocates more than compiled code.
 */
@Tag("cost")
class OpenAiCostTests {

	private static final byte[] EVENT = bytes("data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\","
			+ "\"choices\":[{\"index\":0,\"delta\":{\"content\":\" token\"},\"finish_reason\":null}]}\n\n");

	@Test
	void findingTheModelAllocatesNothingInProportionToTheBody() {
		byte[] small = chat(1_000);
		byte[] large = chat(1_000_000);
		assertThat(Allocation.of(400, () -> RequestBody.of(small, "application/json"))).isLessThan(1_500);
		assertThat(Allocation.of(20, () -> RequestBody.of(large, "application/json"))).isLessThan(9_000);
	}

	@Test
	void anEventOfAStreamIsNotCopied() {
		EventSplitter splitter = new EventSplitter(64 * 1024);
		assertThat(Allocation.of(1000, () -> {
			StreamEvent event = splitter.add(EVENT).get(0);
			event.kind();
			event.usage();
		})).isLessThan(300);
	}

	@Test
	void findingTheUsageAllocatesNothingInProportionToTheResponse() {
		byte[] response = chat(1_000_000);
		assertThat(Allocation.of(20, () -> new UsageReader().add(response))).isLessThan(120);
	}

	@Test
	void aWholeJsonResponseIsNotCopied() {
		byte[] response = bytes("{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion\",\"choices\":[{\"index\":0,"
				+ "\"message\":{\"content\":\"x\"}}],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":9}}");
		assertThat(Allocation.of(1000, () -> {
			BodyVerdict.of(response, response.length);
			UsageReader reader = new UsageReader();
			reader.add(response);
			assertThat(reader.usage() != null).isTrue();
		})).isLessThan(1_500);
	}

	private static byte[] chat(int length) {
		return bytes(
				"{\"model\":\"gpt-4o\",\"messages\":[{\"role\":\"user\",\"content\":\"" + "x".repeat(length) + "\"}]}");
	}

	private static byte[] bytes(String text) {
		return text.getBytes(StandardCharsets.UTF_8);
	}

}
