package dev.weir.server;

import java.util.stream.Stream;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

import dev.weir.testing.Bodies;
import dev.weir.testing.LoggedOutput;
import dev.weir.testing.RawClient;
import dev.weir.testing.WeirServer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Bodies with broken framing, and clients that disconnect in the middle of a body: no
 * backend gets a complete request.
 */
class BrokenBodyTests {

	private static final String[] OPERATIONS = { "chat/completions", "files", "batches", "responses", "uploads/u/parts",
			"anything" };

	/** Invalid text in place of a chunk, or after the last chunk. */
	private static final String[] BROKEN_CHUNKS = { "zz\r\nhello\r\n0\r\n\r\n", "\r\nhello\r\n0\r\n\r\n",
			"5\r\nhello7\r\nagain\r\n0\r\n\r\n", "5\r\nhello\n0\r\n\r\n", "5 5\r\nhello\r\n0\r\n\r\n",
			"0x5\r\nhello\r\n0\r\n\r\n", "-5\r\nhello\r\n0\r\n\r\n", "5;a\nb\r\nhello\r\n0\r\n\r\n",
			"ffffffffffffffff\r\nhello\r\n0\r\n\r\n", "0\r\nno colon\r\n\r\n", "0\r\na: b\nc: d\r\n\r\n",
			"0\r\na : b\r\n\r\n" };

	private static RecordedWeir recorded;

	private static RecordingBackend backend;

	private static RecordingBackend plain;

	private static WeirServer weir;

	@BeforeAll
	static void startWeir() {
		recorded = RecordedWeir.start();
		backend = recorded.backend();
		plain = recorded.plain();
		weir = recorded.weir();
	}

	@AfterAll
	static void stopWeir() {
		recorded.close();
	}

	@BeforeEach
	void clearRecorded() {
		recorded.clear();
	}

	static Stream<Arguments> broken() {
		return Stream.of(OPERATIONS)
			.flatMap((operation) -> Stream.of(BROKEN_CHUNKS).map((text) -> Arguments.of(operation, text)));
	}

	@ParameterizedTest
	@MethodSource("broken")
	void c13ABodyWithBrokenFramingIsRefused(String operation, String text) {
		try (RawClient client = RawClient.of(weir)) {
			client.write(head("/v1/" + operation) + chunk(Bodies.CHAT) + text);
			assertRefused(client.readToEnd());
		}
		assertNoCompleteRequestWasSent();
	}

	@ParameterizedTest
	@MethodSource("broken")
	void c13ABodyWhoseFramingBreaksLaterIsRefused(String operation, String text) {
		boolean streams = operation.matches("files|batches|uploads.*");
		try (RawClient client = RawClient.of(weir)) {
			client.write(head("/v1/" + operation) + chunk(Bodies.CHAT));
			if (streams) {
				await()
					.until(() -> !backend.received().isEmpty() && backend.received().get(0).text().contains("gpt-4o"));
			}
			client.write(text);
			assertRefused(client.readToEnd());
		}
		if (streams) {
			await().until(() -> backend.received().get(0).isTruncated());
		}
		assertNoCompleteRequestWasSent();
	}

	@Test
	void c13ABrokenFirstChunkIsRefused() {
		for (String operation : OPERATIONS) {
			try (RawClient client = RawClient.of(weir)) {
				client.write(head("/v1/" + operation) + "zz\r\n");
				assertRefused(client.readToEnd());
			}
		}
		assertNoCompleteRequestWasSent();
	}

	@Test
	void c13ABrokenBodyIsLoggedInOneLine() {
		try (LoggedOutput output = LoggedOutput.start()) {
			for (String operation : OPERATIONS) {
				try (RawClient client = RawClient.of(weir)) {
					client.write(head("/v1/" + operation) + chunk(Bodies.CHAT) + "zz\r\n");
					assertRefused(client.readToEnd());
				}
			}
			assertThat(output.text().lines().filter((line) -> !line.contains("Proxying to"))).as(output.text())
				.hasSize(OPERATIONS.length)
				.allSatisfy((line) -> assertThat(line).contains(" INFO ",
						" was not executed: The request's chunks are malformed"));
		}
	}

	@Test
	void c13ABrokenBodyOnARouteWithoutAPoolIsRefused() {
		try (RawClient client = RawClient.of(weir)) {
			client.write(head("/plain/x") + chunk(Bodies.CHAT) + "zz\r\n");
			assertRefused(client.readToEnd());
		}
		assertThat(plain.received()).noneMatch(RecordingBackend.Received::isComplete);
	}

	@Test
	void c13ABrokenBodyDoesNotAffectThePipelinedRequestBeforeIt() {
		try (RawClient client = RawClient.of(weir)) {
			client.write(head("/v1/chat/completions") + chunk(Bodies.CHAT) + "0\r\n\r\n" + head("/v1/chat/completions")
					+ chunk(Bodies.CHAT) + "zz\r\n");
			String[] replies = client.readToEnd().split("HTTP/1\\.1 ");
			assertThat(replies).hasSize(3);
			assertThat(replies[1]).startsWith("200 OK").contains("chatcmpl-1");
			assertThat(replies[2]).startsWith("400 Bad Request");
		}
		assertThat(backend.received()).hasSize(1);
	}

	@Test
	void c13ABrokenBodyDoesNotCountAgainstABackend() {
		for (int i = 0; i < 10; i++) {
			try (RawClient client = RawClient.of(weir)) {
				client.write(head("/v1/files") + chunk(Bodies.CHAT) + "zz\r\n");
				assertRefused(client.readToEnd());
			}
		}
		assertThat(weir.get("/actuator/health/backends/a").body()).contains("AVAILABLE");
		assertThat(weir.chat().statusCode()).isEqualTo(200);
	}

	@Test
	void c13ARequestWhoseClientDisconnectsInTheBodyIsNotSentCompletely() {
		for (String operation : OPERATIONS) {
			for (String framing : new String[] { "transfer-encoding: chunked", "content-length: 200" }) {
				try (RawClient client = RawClient.of(weir)) {
					client.write(head("/v1/" + operation).replace("transfer-encoding: chunked", framing));
					client.write(framing.startsWith("content") ? Bodies.CHAT : chunk(Bodies.CHAT));
				}
			}
		}
		assertThat(weir.chat().statusCode()).isEqualTo(200);
		await().until(() -> backend.received().stream().filter(RecordingBackend.Received::isComplete).count() == 1);
		await().until(() -> backend.received().stream().allMatch((it) -> it.isComplete() || it.isTruncated()));
	}

	private static void assertNoCompleteRequestWasSent() {
		assertThat(backend.received()).noneMatch(RecordingBackend.Received::isComplete);
	}

	private static void assertRefused(String reply) {
		assertThat(reply).startsWith("HTTP/1.1 400 Bad Request\r\n")
			.contains("connection: close", "The request's chunks are malformed", "\"code\":\"invalid_http_request\"",
					"x-request-id: ");
		assertThat(reply.split("HTTP/1\\.1 ", -1)).hasSize(2);
	}

	private static String head(String path) {
		// JSON could name stored objects, so it would be read before a backend is called
		String type = path.matches("/v1/(files|batches|uploads.*)") ? "application/octet-stream" : "application/json";
		return "POST " + path + " HTTP/1.1\r\nhost: weir.test\r\ncontent-type: " + type
				+ "\r\ntransfer-encoding: chunked\r\n\r\n";
	}

	private static String chunk(String text) {
		return Integer.toHexString(text.length()) + "\r\n" + text + "\r\n";
	}

}
