package dev.weir.faults;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.GZIPOutputStream;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

import dev.weir.testing.Bodies;
import dev.weir.testing.RawBackend;
import dev.weir.testing.RawClient;
import dev.weir.testing.Stands;
import dev.weir.testing.Stands.Stand;

import static dev.weir.testing.LaneFigures.FAILED_ONCE;
import static dev.weir.testing.LaneFigures.SERVED_ONCE;
import static dev.weir.testing.RawClient.LAST_CHUNK;
import static dev.weir.testing.Scripts.SERVES;
import static dev.weir.testing.Scripts.UNUSED;
import static dev.weir.testing.Scripts.streaming;
import static dev.weir.testing.StreamEvents.CONTENT;
import static dev.weir.testing.StreamEvents.DONE;
import static org.assertj.core.api.Assertions.assertThat;

/**
 * Backends that send compressed responses although Weir does not ask for them.
 */
class EncodedResponseFaultTests {

	private static Stands stands;

	@BeforeAll
	static void startWeir() {
		stands = Stands.start(10);
	}

	@AfterAll
	static void stopWeir() throws InterruptedException {
		stands.close();
	}

	@Test
	void b38BackendsAreAskedForUnencodedResponses() {
		Stand stand = stands.next(SERVES, UNUSED);
		stand.post("/v1/chat/completions", Bodies.CHAT, "accept-encoding", "gzip, br");
		assertThat(stand.first().requests()).singleElement()
			.asString()
			.containsIgnoringCase("accept-encoding: identity\r\n")
			.doesNotContain("gzip");
	}

	@Test
	void b38AnEncodedStreamReachesTheClientDecodedAndEventByEvent() {
		Stand stand = stands.next((call) -> {
			List<byte[]> parts = gzip(CONTENT, CONTENT, DONE);
			begin(call, "200 OK", "text/event-stream");
			for (byte[] part : parts) {
				chunk(call, part);
			}
			call.endChunks();
		}, UNUSED);
		try (RawClient client = stand.stream()) {
			assertThat(client.readUntil(DONE + "\r\n" + LAST_CHUNK)).contains(CONTENT)
				.doesNotContainIgnoringCase("content-encoding");
		}
		stand.awaitFirst(SERVED_ONCE);
	}

	@Test
	void b38AnErrorEventInAnEncodedStreamGoesToTheNextLane() {
		Stand stand = stands.next((call) -> {
			begin(call, "200 OK", "text/event-stream");
			chunk(call, gzip("data: {\"error\":{\"code\":\"server_error\"}}\n\n").get(0));
			call.awaitClose();
		}, streaming(CONTENT + DONE));
		try (RawClient client = stand.stream()) {
			assertThat(client.readUntil(LAST_CHUNK)).contains(CONTENT).doesNotContain("server_error");
		}
	}

	@Test
	void b38AnEncodedPlainBodyReachesTheClientDecoded() {
		byte[] coded = whole(gzip(Bodies.COMPLETION));
		Stand stand = stands.next((call) -> respond(call, "200 OK", "application/json", "gzip", coded), UNUSED);
		HttpResponse<String> response = stand.chat();
		assertThat(response.body()).isEqualTo(Bodies.COMPLETION);
		assertThat(response.headers().firstValue("content-encoding")).isEmpty();
		stand.awaitFirst(SERVED_ONCE);
	}

	@Test
	void b38AnEncodedErrorIsReadLikeAnyOther() {
		byte[] coded = whole(gzip("{\"error\":{\"code\":\"insufficient_quota\",\"message\":\"no\"}}"));
		Stand stand = stands.next((call) -> respond(call, "429 Too Many Requests", "application/json", "gzip", coded),
				SERVES);
		assertThat(stand.chat().body()).isEqualTo(Bodies.COMPLETION);
		assertThat(stand.firstHealth()).contains("OUT_OF_QUOTA");
	}

	@Test
	void b38AnEncodedErrorOfTheClientReachesItDecoded() {
		String error = "{\"error\":{\"code\":\"content_filter\",\"message\":\"no\"}}";
		Stand stand = stands
			.next((call) -> respond(call, "400 Bad Request", "application/json", "gzip", whole(gzip(error))), UNUSED);
		HttpResponse<String> response = stand.chat();
		assertThat(response.statusCode()).isEqualTo(400);
		assertThat(response.body()).isEqualTo(error);
	}

	@Test
	void b38ABodyThatCannotBeDecodedIsRelayedUnchangedWithItsEncoding() {
		byte[] coded = "no coding that anybody knows".getBytes(StandardCharsets.UTF_8);
		Stand stand = stands.next((call) -> respond(call, "200 OK", "text/event-stream", "unknown", coded), UNUSED);
		HttpResponse<String> response = stand.post("/v1/chat/completions", Bodies.CHAT_STREAM);
		assertThat(response.body()).isEqualTo("no coding that anybody knows");
		assertThat(response.headers().firstValue("content-encoding")).hasValue("unknown");
		stand.awaitFirst(SERVED_ONCE);
	}

	@Test
	void b38ATruncatedEncodedBodyIsBroken() {
		byte[] coded = whole(gzip(Bodies.COMPLETION.repeat(50)));
		Stand stand = stands.next(
				(call) -> respond(call, "200 OK", "application/json", "gzip", Arrays.copyOf(coded, coded.length - 10)),
				UNUSED);
		try (RawClient client = stand.send("/v1/chat/completions", Bodies.CHAT)) {
			assertThat(client.readToEnd()).doesNotContain("\r\n" + LAST_CHUNK);
		}
		stand.awaitFirst(FAILED_ONCE);
	}

	private static void begin(RawBackend.Call call, String status, String type) throws IOException {
		call.write("HTTP/1.1 " + status + "\r\ncontent-type: " + type
				+ "\r\ncontent-encoding: gzip\r\ntransfer-encoding: chunked\r\n\r\n");
	}

	private static void respond(RawBackend.Call call, String status, String type, String coding, byte[] body)
			throws IOException {
		call.write("HTTP/1.1 " + status + "\r\ncontent-type: " + type + "\r\ncontent-encoding: " + coding
				+ "\r\ncontent-length: " + body.length + "\r\n\r\n");
		OutputStream out = call.socket().getOutputStream();
		out.write(body);
		out.flush();
	}

	private static void chunk(RawBackend.Call call, byte[] bytes) throws IOException {
		call.write(Integer.toHexString(bytes.length) + "\r\n");
		OutputStream out = call.socket().getOutputStream();
		out.write(bytes);
		call.write("\r\n");
	}

	/** One gzip stream, flushed after each text; the last part includes the end. */
	private static List<byte[]> gzip(String... texts) {
		ByteArrayOutputStream all = new ByteArrayOutputStream();
		List<byte[]> parts = new ArrayList<>();
		try (GZIPOutputStream gzip = new GZIPOutputStream(all, true)) {
			for (String text : texts) {
				gzip.write(text.getBytes(StandardCharsets.UTF_8));
				gzip.flush();
				parts.add(all.toByteArray());
				all.reset();
			}
			gzip.finish();
			parts.add(all.toByteArray());
		}
		catch (IOException ex) {
			throw new IllegalStateException(ex);
		}
		return parts;
	}

	private static byte[] whole(List<byte[]> parts) {
		ByteArrayOutputStream all = new ByteArrayOutputStream();
		parts.forEach(all::writeBytes);
		return all.toByteArray();
	}

}
