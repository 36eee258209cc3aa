package dev.weir.failover;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.http.StreamResponse;
import com.openai.models.chat.completions.ChatCompletionChunk;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

import dev.weir.testing.RawBackend;
import dev.weir.testing.RawClient;
import dev.weir.testing.Signal;
import dev.weir.testing.Stands;
import dev.weir.testing.Stands.Stand;

import static dev.weir.testing.LaneFigures.FAILED_ONCE;
import static dev.weir.testing.LaneFigures.NEITHER_ONCE;
import static dev.weir.testing.LaneFigures.SERVED_ONCE;
import static dev.weir.testing.RawClient.LAST_CHUNK;
import static dev.weir.testing.Scripts.UNUSED;
import static dev.weir.testing.Scripts.responding;
import static dev.weir.testing.Scripts.streaming;
import static org.assertj.core.api.Assertions.assertThat;

/**
 * Streams that break off in a pool with {@code resume: true}.
 */
class ResumeTests {

	private static Stands stands;

	@BeforeAll
	static void startWeir() {
		stands = Stands.start(12, "resume: true, stream-idle-timeout: 1s");
	}

	@AfterAll
	static void stopWeir() throws InterruptedException {
		stands.close();
	}

	@Test
	void aStreamThatBreaksOffContinuesFromAnotherBackendAsOneStream() {
		Signal seen = new Signal();
		Stand stand = stands.next((call) -> {
			begin(call, "first", "The quick", " brown");
			seen.await();
			call.reset();
		}, whole("second", "The ", "quick brown f", "ox"));
		try (RawClient client = stand.stream()) {
			client.readUntil(" brown");
			seen.send();
			String received = client.readUntil("data: [DONE]\n\n\r\n" + LAST_CHUNK);
			assertThat(text(received)).isEqualTo("The quick brown fox");
			assertThat(received).doesNotContain("second\",\"object").doesNotContain("error");
		}
		stand.awaitFirst(FAILED_ONCE);
		stand.awaitSecond(SERVED_ONCE);
		assertThat(body(stand.second())).isEqualTo(body(stand.first()));
	}

	@Test
	void aStreamWithOtherContentIsNotMixedIn() {
		Stand stand = stands.next((call) -> {
			begin(call, "first", "The quick", " brown");
			call.reset();
		}, whole("second", "A lazy dog"));
		try (RawClient client = stand.stream()) {
			String received = client.readToEnd();
			assertThat(text(received)).isEqualTo("The quick brown");
			assertThat(received).contains("\"code\":\"stream_interrupted\"")
				.doesNotContain("[DONE]")
				.doesNotContain("\r\n" + LAST_CHUNK);
		}
		stand.awaitSecond(NEITHER_ONCE);
	}

	@Test
	void aSilentStreamIsResumedToo() {
		Stand stand = stands.next((call) -> {
			begin(call, "first", "one ");
			call.awaitClose();
		}, whole("second", "one two"));
		try (RawClient client = stand.stream()) {
			assertThat(text(client.readUntil("data: [DONE]\n\n\r\n" + LAST_CHUNK))).isEqualTo("one two");
		}
	}

	@Test
	void aStreamWithAnErrorEventIsResumedToo() {
		Stand stand = stands.next((call) -> {
			begin(call, "first", "one ");
			call.chunk("data: {\"error\":{\"message\":\"overloaded\",\"code\":\"500\"}}\n\n");
			call.endChunks();
		}, whole("second", "one two"));
		try (RawClient client = stand.stream()) {
			String received = client.readUntil("data: [DONE]\n\n\r\n" + LAST_CHUNK);
			assertThat(text(received)).isEqualTo("one two");
			assertThat(received).doesNotContain("overloaded");
		}
		stand.awaitFirst(FAILED_ONCE);
	}

	@Test
	void anErrorAboutTheRequestIsNotResumed() {
		String error = "data: {\"error\":{\"message\":\"filtered\",\"code\":\"content_filter\"}}\n\n";
		Stand stand = stands.next(streaming(error), UNUSED);
		try (RawClient client = stand.stream()) {
			assertThat(client.readUntil("\r\n" + LAST_CHUNK)).contains(error).doesNotContain("stream_interrupted");
		}
		assertThat(stand.second().requests()).isEmpty();
		stand.awaitFirst(NEITHER_ONCE);
	}

	@Test
	void aStreamThatNoOtherBackendCanResumeEndsWithAnErrorEvent() {
		Stand stand = stands.next((call) -> {
			begin(call, "first", "one ");
			call.reset();
		}, responding("503 Service Unavailable", "{}"));
		try (RawClient client = stand.stream()) {
			assertThat(client.readToEnd()).contains("\"code\":\"stream_interrupted\"").doesNotContain("[DONE]");
		}
		stand.awaitSecond(FAILED_ONCE);
	}

	@Test
	void aClientThatLeavesDuringAResumptionClosesItsConnection() throws InterruptedException {
		Signal called = new Signal();
		Signal closed = new Signal();
		Stand stand = stands.next((call) -> {
			begin(call, "first", "one ");
			call.reset();
		}, (call) -> {
			called.send();
			call.awaitClose(closed);
		});
		RawClient client = stand.stream();
		called.await();
		client.close();
		closed.await(Duration.ofSeconds(1));
		stand.awaitSecond(NEITHER_ONCE);
	}

	@Test
	void aResumedResponseKeepsTheIdsOfTheFirst() {
		Stand stand = stands.next((call) -> {
			call.beginEvents();
			response(call, "resp_1", "msg_1", "one ");
			call.reset();
		}, (call) -> {
			call.beginEvents();
			response(call, "resp_2", "msg_2", "one two");
			event(call, "response.completed",
					"\"sequence_number\":3,\"response\":{\"id\":\"resp_2\",\"usage\":{\"input_tokens\":1,\"output_tokens\":2}}");
			call.endChunks();
		});
		try (RawClient client = stand.send("/v1/responses",
				"{\"model\":\"gpt-4o\",\"input\":\"hi\",\"stream\":true,\"store\":false}")) {
			String received = client.readUntil("\r\n" + LAST_CHUNK);
			assertThat(received).contains("\"delta\":\"one \"")
				.contains("\"delta\":\"two\"")
				.containsOnlyOnce("event: response.created")
				.contains("event: response.completed")
				.doesNotContain("resp_2")
				.doesNotContain("msg_2");
		}
	}

	@Test
	void aStoredResponseIsNotResumed() {
		Stand stand = stands.next((call) -> {
			call.beginEvents();
			response(call, "resp_1", "msg_1", "one ");
			call.reset();
		}, UNUSED);
		try (RawClient client = stand.send("/v1/responses",
				"{\"model\":\"gpt-4o\",\"input\":\"hi\",\"stream\":true}")) {
			assertThat(client.readToEnd()).contains("\"code\":\"stream_interrupted\"");
		}
		assertThat(stand.second().requests()).isEmpty();
	}

	@Test
	void anSdkSeesTheWholeTextOnce() {
		Stand stand = stands.next((call) -> {
			begin(call, "first", "The quick", " brown");
			call.reset();
		}, whole("second", "The ", "quick brown f", "ox"));
		OpenAIClient client = OpenAIOkHttpClient.builder()
			.apiKey("unused")
			.baseUrl(stand.weir().uri("/" + stand.name() + "/v1").toString())
			.maxRetries(0)
			.build();
		List<String> ids = new ArrayList<>();
		StringBuilder text = new StringBuilder();
		try (StreamResponse<ChatCompletionChunk> chunks = client.chat()
			.completions()
			.createStreaming(ChatCompletionCreateParams.builder().model("gpt-4o").addUserMessage("hi").build())) {
			chunks.stream().forEach((chunk) -> {
				ids.add(chunk.id());
				chunk.choices().forEach((choice) -> choice.delta().content().ifPresent(text::append));
			});
		}
		assertThat(text).hasToString("The quick brown fox");
		assertThat(ids).containsOnly("first");
	}

	private static RawBackend.Script whole(String id, String... parts) {
		return (call) -> {
			begin(call, id, parts);
			call.chunk(chunk(id, "{}", "\"stop\""));
			call.chunk("data: [DONE]\n\n");
			call.endChunks();
		};
	}

	private static void begin(RawBackend.Call call, String id, String... parts) throws IOException {
		call.beginEvents();
		call.chunk(chunk(id, "{\"role\":\"assistant\",\"content\":\"\"}", "null"));
		for (String part : parts) {
			call.chunk(chunk(id, "{\"content\":\"" + part + "\"}", "null"));
		}
	}

	private static String chunk(String id, String delta, String reason) {
		return "data: {\"id\":\"" + id
				+ "\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"gpt-4o\",\"choices\":[{\"index\":0,\"delta\":"
				+ delta + ",\"finish_reason\":" + reason + "}]}\n\n";
	}

	private static void response(RawBackend.Call call, String response, String item, String text) throws IOException {
		event(call, "response.created", "\"sequence_number\":0,\"response\":{\"id\":\"" + response + "\"}");
		event(call, "response.output_item.added",
				"\"sequence_number\":1,\"output_index\":0,\"item\":{\"id\":\"" + item + "\",\"type\":\"message\"}");
		event(call, "response.output_text.delta", "\"sequence_number\":2,\"output_index\":0,\"content_index\":0,"
				+ "\"item_id\":\"" + item + "\",\"delta\":\"" + text + "\"");
	}

	private static void event(RawBackend.Call call, String type, String fields) throws IOException {
		call.chunk("event: " + type + "\ndata: {\"type\":\"" + type + "\"," + fields + "}\n\n");
	}

	private static String text(String received) {
		StringBuilder text = new StringBuilder();
		received.lines()
			.filter((line) -> line.startsWith("data: {") && line.contains("\"content\":\""))
			.forEach((line) -> text.append(line.replaceAll(".*\"content\":\"([^\"]*)\".*", "$1")));
		return text.toString();
	}

	private static String body(RawBackend backend) {
		String request = backend.requests().get(0);
		return request.substring(request.indexOf("\r\n\r\n"));
	}

}
