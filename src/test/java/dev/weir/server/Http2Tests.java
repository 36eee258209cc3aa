package dev.weir.server;

import java.nio.charset.StandardCharsets;
import java.time.Duration;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.netty.http.HttpProtocol;
import reactor.netty.http.client.HttpClient;

import dev.weir.testing.Bodies;
import dev.weir.testing.RawClient;
import dev.weir.testing.WeirServer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

/**
 * HTTP/2 without TLS ({@code server.http2.enabled}) on the same port as HTTP/1.1.
 */
class Http2Tests {

	private static RecordingBackend backend;

	private static WeirServer weir;

	private static HttpClient client;

	@BeforeAll
	static void start() {
		backend = RecordingBackend.start();
		weir = WeirServer.start("server.http2.enabled: true\nweir:\n  pools:\n    openai: {backends: ["
				+ WeirServer.backend("a", backend.url(), "models: {gpt-4o: gpt-4o}") + "]}\n");
		client = HttpClient.create()
			.protocol(HttpProtocol.H2C)
			.baseUrl("http://127.0.0.1:" + weir.port())
			.headers((headers) -> headers.set("content-type", "application/json"))
			.responseTimeout(Duration.ofSeconds(10));
	}

	@AfterAll
	static void stop() throws InterruptedException {
		weir.close();
		backend.close();
	}

	@BeforeEach
	void clearRecorded() {
		backend.received().clear();
	}

	@ParameterizedTest
	@CsvSource({ "/v1/chat/completions, 200, chatcmpl-1", "/v1/files, 200, chatcmpl-1", "/nowhere, 404, not_found",
			"/v1/a%5Cb, 400, invalid_path" })
	void c22ARequestIsServedOverHttp2(String path, int status, String text) {
		String reply = client.post().uri(path).send(body(Flux.just(Bodies.CHAT))).responseSingle((response, body) -> {
			assertThat(response.version().text()).isEqualTo("HTTP/2.0");
			assertThat(response.status().code()).isEqualTo(status);
			assertThat(response.responseHeaders().get("x-weir-request-id")).isNotBlank();
			return body.asString();
		}).block();
		assertThat(reply).contains(text);
	}

	@ParameterizedTest
	@ValueSource(strings = { "/v1/chat/completions", "/v1/files", "/v1/responses", "/v1/batches" })
	void c13ARequestWhoseStreamIsResetInItsBodyIsNotSentCompletely(String path) {
		Mono<String> call = client.post()
			.uri(path)
			.send(body(Flux.just(Bodies.CHAT).concatWith(Mono.error(new IllegalStateException("given up")))))
			.responseContent()
			.aggregate()
			.asString();
		assertThatThrownBy(call::block).hasMessageContaining("given up");
		assertThat(client.get().uri("/v1/models").response().block().status().code()).isEqualTo(200);
		await().until(() -> backend.received().stream().allMatch(RecordingBackend.Received::isTruncated));
	}

	@Test
	void c22APostWithAnUpgradeIsServedOverHttp1() {
		try (RawClient raw = RawClient.of(weir)) {
			raw.write("POST /v1/chat/completions HTTP/1.1\r\nhost: weir\r\nconnection: Upgrade, HTTP2-Settings\r\n"
					+ "upgrade: h2c\r\nhttp2-settings: AAMAAABkAAQAAP__\r\ncontent-type: application/json\r\n"
					+ "transfer-encoding: chunked\r\n\r\n" + Integer.toHexString(Bodies.CHAT.length()) + "\r\n"
					+ Bodies.CHAT + "\r\n0\r\n\r\n");
			assertThat(raw.readUntil("chatcmpl-1")).startsWith("HTTP/1.1 200 OK\r\n");
		}
		assertThat(backend.received()).hasSize(1);
		assertThat(backend.received().get(0).text()).endsWith(Bodies.CHAT).doesNotContain("http2-settings");
	}

	@Test
	void http1IsCheckedAsStrictlyAsWithoutHttp2() {
		try (RawClient raw = RawClient.of(weir)) {
			assertThat(raw.write("GET\t/v1/models HTTP/1.1\r\nhost: weir\r\n\r\n").readToEnd())
				.startsWith("HTTP/1.1 400 Bad Request\r\n");
		}
		try (RawClient raw = RawClient.of(weir)) {
			assertThat(raw.write("POST /v1/files HTTP/1.1\r\nhost: weir\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n")
				.readToEnd()).startsWith("HTTP/1.1 400 Bad Request\r\n");
		}
		assertThat(weir.chat().statusCode()).isEqualTo(200);
	}

	private static Publisher<ByteBuf> body(Flux<String> parts) {
		return parts.map((part) -> Unpooled.wrappedBuffer(part.getBytes(StandardCharsets.UTF_8)));
	}

}
