package dev.weir.failover;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.http.StreamResponse;
import com.openai.models.chat.completions.ChatCompletionChunk;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.Test;

import dev.weir.testing.Bodies;
import dev.weir.testing.LaneFigures;
import dev.weir.testing.LeakCheck;
import dev.weir.testing.RawBackend;
import dev.weir.testing.RawClient;
import dev.weir.testing.Stands;
import dev.weir.testing.Stands.Stand;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Streams that break off in a pool with {@code resume: true}.
 */
@ExtendWith(LeakCheck.class)
class ResumeTests {

	private static final String LAST_CHUNK = "0\r\n\r\n";

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
		Semaphore seen = new Semaphore(0);
		Stand stand = stands.next((call) -> {
			begin(call, "first", "The quick", " brown");
			acquire(seen);
			call.reset();
		}, whole("second", "The ", "quick brown f", "ox"));
		try (RawClient client = stream(stand)) {
			client.readUntil(" brown");
			seen.release();
			String received = client.readUntil("data: [DONE]\n\n\r\n" + LAST_CHUNK);
			assertThat(text(received)).isEqualTo("The quick brown fox");
			assertThat(received).doesNotContain("second\",\"object").doesNotContain("error");
		}
		awaitFigures(stand, stand.firstName(), new LaneFigures(0, 1, 0, 1, 1));
		awaitFigures(stand, stand.secondName(), new LaneFigures(0, 1, 1, 0, 0));
		assertThat(body(stand.second())).isEqualTo(body(stand.first()));
	}

	@Test
	void aStreamWithOtherContentIsNotMixedIn() {
		Stand stand = stands.next((call) -> {
			begin(call, "first", "The quick", " brown");
			call.reset();
		}, whole("second", "A lazy dog"));
		try (RawClient client = stream(stand)) {
			String received = client.readToEnd();
			assertThat(text(received)).isEqualTo("The quick brown");
			assertThat(received).contains("\"code\":\"stream_interrupted\"")
				.doesNotContain("[DONE]")
				.doesNotContain("\r\n" + LAST_CHUNK);
		}
		awaitFigures(stand, stand.secondName(), new LaneFigures(0, 1, 0, 0, 0));
	}

	@Test
	void aSilentStreamIsResumedToo() {
		Stand stand = stands.next((call) -> {
			begin(call, "first", "one ");
			call.awaitClose();
		}, whole("second", "one two"));
		try (RawClient client = stream(stand)) {
			assertThat(text(client.readUntil("data: [DONE]\n\n\r\n" + LAST_CHUNK))).isEqualTo("one two");
		}
	}

	@Test
	void aStreamWithAnErrorEventIsResumedToo() {
		Stand stand = stands.next((call) -> {
			begin(call, "first", "one ");
			call.chunk("data: {\"error\":{\"message\":\"overloaded\",\"code\":\"500\"}}\n\n");
			call.write(LAST_CHUNK);
		}, whole("second", "one two"));
		try (RawClient client = stream(stand)) {
			String received = client.readUntil("data: [DONE]\n\n\r\n" + LAST_CHUNK);
			assertThat(text(received)).isEqualTo("one two");
			assertThat(received).doesNotContain("overloaded");
		}
		awaitFigures(stand, stand.firstName(), new LaneFigures(0, 1, 0, 1, 1));
	}

	@Test
	void anErrorAboutTheRequestIsNotResumed() {
		String error = "data: {\"error\":{\"message\":\"filtered\",\"code\":\"content_filter\"}}\n\n";
		Stand stand = stands.next((call) -> {
			call.beginEvents();
			call.chunk(error);
			call.write(LAST_CHUNK);
		}, RawBackend.responding("418 Unexpected", "{}"));
		try (RawClient client = stream(stand)) {
			assertThat(client.readUntil("\r\n" + LAST_CHUNK)).contains(error).doesNotContain("stream_interrupted");
		}
		assertThat(stand.second().requests()).isEmpty();
		awaitFigures(stand, stand.firstName(), new LaneFigures(0, 1, 0, 0, 0));
	}

	@Test
	void aStreamThatNoOtherBackendCanResumeEndsWithAnErrorEvent() {
		Stand stand = stands.next((call) -> {
			begin(call, "first", "one ");
			call.reset();
		}, RawBackend.responding("503 Service Unavailable", "{}"));
		try (RawClient client = stream(stand)) {
			assertThat(client.readToEnd()).contains("\"code\":\"stream_interrupted\"").doesNotContain("[DONE]");
		}
		awaitFigures(stand, stand.secondName(), new LaneFigures(0, 1, 0, 1, 1));
	}

	@Test
	void aClientThatLeavesDuringAResumptionClosesItsConnection() throws InterruptedException {
		CountDownLatch called = new CountDownLatch(1);
		CountDownLatch closed = new CountDownLatch(1);
		Stand stand = stands.next((call) -> {
			begin(call, "first", "one ");
			call.reset();
		}, (call) -> {
			called.countDown();
			try {
				call.awaitClose();
			}
			finally {
				closed.countDown();
			}
		});
		RawClient client = stream(stand);
		assertThat(called.await(5, TimeUnit.SECONDS)).isTrue();
		client.close();
		assertThat(closed.await(1, TimeUnit.SECONDS)).isTrue();
		awaitFigures(stand, stand.secondName(), new LaneFigures(0, 1, 0, 0, 0));
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
			call.write(LAST_CHUNK);
		});
		try (RawClient client = RawClient.of(stand.weir())
			.post("/" + stand.name() + "/v1/responses",
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
		}, RawBackend.responding("418 Unexpected", "{}"));
		try (RawClient client = RawClient.of(stand.weir())
			.post("/" + stand.name() + "/v1/responses", "{\"model\":\"gpt-4o\",\"input\":\"hi\",\"stream\":true}")) {
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
			call.write(LAST_CHUNK);
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

	private static RawClient stream(Stand stand) {
		return RawClient.of(stand.weir()).post("/" + stand.name() + "/v1/chat/completions", Bodies.CHAT_STREAM);
	}

	private static void awaitFigures(Stand stand, String backend, LaneFigures expected) {
		await().atMost(Duration.ofSeconds(5))
			.untilAsserted(() -> assertThat(LaneFigures.of(stand.weir(), backend)).isEqualTo(expected));
	}

	private static void acquire(Semaphore semaphore) throws IOException, InterruptedException {
		if (!semaphore.tryAcquire(5, TimeUnit.SECONDS)) {
			throw new IOException("The client did not see what was sent");
		}
	}

}
