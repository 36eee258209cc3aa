package dev.weir.faults;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import dev.weir.testing.Bodies;
import dev.weir.testing.LoggedOutput;
import dev.weir.testing.RawBackend;
import dev.weir.testing.RawClient;
import dev.weir.testing.WeirServer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * The log of a response that breaks off after the reply has begun: one warning.
 */
class BreakLogTests {

	private static final String BEGUN = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\n";

	private static final Semaphore seen = new Semaphore(0);

	private static volatile boolean reset;

	private static LoggedOutput log;

	private static RawBackend backend;

	private static WeirServer weir;

	@BeforeAll
	static void startWeir() {
		backend = RawBackend.start(BreakLogTests::breakOff);
		log = LoggedOutput.start();
		weir = WeirServer.start("""
				spring:
				  cloud:
				    gateway:
				      server:
				        webflux:
				          routes:
				            - {id: pool, uri: 'lb://openai', predicates: ['Path=/v1/**']}
				            - {id: other, uri: '%s', predicates: ['Path=/other/**']}
				weir:
				  pools:
				    openai: {backends: [%s]}
				resilience4j.circuitbreaker.configs.default.minimum-number-of-calls: 50
				""".formatted(backend.url(), WeirServer.backend("a", backend.url())));
	}

	@AfterAll
	static void stopWeir() {
		weir.close();
		log.close();
		backend.close();
	}

	@ParameterizedTest
	@ValueSource(booleans = { true, false })
	void aStreamThatBreaksOffIsOneWarningWithoutAStackTrace(boolean byReset) {
		assertOneWarning(byReset, "/v1/chat/completions", Bodies.CHAT_STREAM);
	}

	@ParameterizedTest
	@ValueSource(booleans = { true, false })
	void aPlainBodyThatBreaksOffIsOneWarningWithoutAStackTrace(boolean byReset) {
		assertOneWarning(byReset, "/v1/chat/completions", Bodies.CHAT);
	}

	@Test
	void aResponseOfARouteWithoutAPoolThatBreaksOffIsOneWarningWithoutAStackTrace() {
		assertOneWarning(true, "/other/path", Bodies.CHAT_STREAM);
	}

	private static void assertOneWarning(boolean byReset, String path, String body) {
		reset = byReset;
		String before = log.text();
		try (RawClient client = RawClient.of(weir).post(path, body)) {
			client.readUntil("\"a\"");
			seen.release();
			assertThat(client.readToEnd()).doesNotContain("\r\n0\r\n\r\n");
		}
		await().untilAsserted(() -> assertThat(troubles(before)).hasSize(1));
		// any further log line is written before the end of the next request
		assertThat(weir.get("/actuator/health/liveness").statusCode()).isEqualTo(200);
		assertThat(troubles(before)).singleElement().asString().contains(" WARN ").contains("broke off");
	}

	/** Lines that are no information, of stack traces each one. */
	private static List<String> troubles(String before) {
		return log.text()
			.substring(before.length())
			.lines()
			.filter((line) -> line.contains(" WARN ") || line.contains(" ERROR ") || line.startsWith("\tat "))
			.toList();
	}

	private static void breakOff(RawBackend.Call call) throws IOException, InterruptedException {
		boolean plain = !call.request().contains("\"stream\":true");
		if (plain) {
			call.write("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{\"a\"");
		}
		else {
			call.beginEvents();
			call.chunk(BEGUN);
		}
		if (!seen.tryAcquire(5, TimeUnit.SECONDS)) {
			throw new IOException("The client did not receive the sent bytes");
		}
		if (reset) {
			call.reset();
		}
		else {
			call.socket().close();
		}
	}

}
