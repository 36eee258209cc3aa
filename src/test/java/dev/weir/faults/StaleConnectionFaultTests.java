package dev.weir.faults;

import java.io.IOException;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import dev.weir.testing.Bodies;
import dev.weir.testing.LaneFigures;
import dev.weir.testing.LeakCheck;
import dev.weir.testing.RawBackend;
import dev.weir.testing.TestAuthority;
import dev.weir.testing.WeirServer;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Row B40: a backend closes a connection that was used before, as a request arrives.
 */
@ExtendWith(LeakCheck.class)
class StaleConnectionFaultTests {

	private static final String CHAT = "/v1/chat/completions";

	// connections that served a request
	private final Set<Socket> used = ConcurrentHashMap.newKeySet();

	private final AtomicInteger closed = new AtomicInteger();

	private RawBackend backend = RawBackend.start((call) -> {
	});

	@AfterEach
	void close() throws InterruptedException {
		this.backend.close();
	}

	@ParameterizedTest
	@EnumSource
	void b40ACallIsRepeatedOnceOnANewConnectionAndIsOneAttempt(Closing closing) {
		try (WeirServer weir = weir()) {
			this.backend.script(closingUsed(closing));
			assertThat(weir.chat().statusCode()).isEqualTo(200);
			assertServed(weir.chat());
			assertThat(this.closed).hasValue(1);
			assertThat(this.backend.requests()).hasSize(3);
			assertThat(this.backend.requests().get(2)).isEqualTo(this.backend.requests().get(1))
				.contains(Bodies.CHAT, "api-key: key-of-a");
			assertThat(this.backend.connections()).isEqualTo(2);
			assertThat(LaneFigures.of(weir, "a")).isEqualTo(new LaneFigures(0, 2, 2, 0, 0));
		}
	}

	@ParameterizedTest
	@EnumSource
	void b40AStreamIsRepeatedToo(Closing closing) {
		try (WeirServer weir = weir()) {
			this.backend.script(closingUsed(closing));
			assertThat(weir.chat().statusCode()).isEqualTo(200);
			assertServed(weir.post(CHAT, Bodies.CHAT_STREAM));
			assertThat(this.closed).hasValue(1);
			assertThat(this.backend.requests()).hasSize(3);
		}
	}

	@ParameterizedTest
	@EnumSource
	void b40ACallWithoutABodyIsRepeatedToo(Closing closing) {
		try (WeirServer weir = weir()) {
			this.backend.script(closingUsed(closing));
			assertThat(weir.get("/v1/files").statusCode()).isEqualTo(200);
			assertServed(weir.get("/v1/files"));
			assertThat(this.closed).hasValue(1);
			assertThat(this.backend.requests()).hasSize(3);
			assertThat(this.backend.connections()).isEqualTo(2);
		}
	}

	@Test
	void b40ACallOverTlsIsRepeatedToo() {
		TestAuthority authority = TestAuthority.found("Weir's tests");
		this.backend.close();
		this.backend = RawBackend.startSecure(authority.identity("localhost"), closingUsed(Closing.RESET));
		try (WeirServer weir = WeirServer
			.start(WeirServer.pool("", WeirServer.backend("a", this.backend.url("localhost"))),
					UpstreamFaultTests.trusting(authority))
			.onOneConnection()) {
			assertThat(weir.chat().statusCode()).isEqualTo(200);
			assertServed(weir.chat());
			assertThat(this.closed).hasValue(1);
		}
	}

	@Test
	void b40WhereManyConnectionsAreStaleOneCallMeetsOneOfThemOnly() throws InterruptedException {
		try (WeirServer weir = weir()) {
			CountDownLatch together = new CountDownLatch(8);
			this.backend.script((call) -> {
				this.used.add(call.socket());
				together.countDown();
				together.await(10, TimeUnit.SECONDS);
				call.answer("200 OK", Bodies.COMPLETION);
			});
			List<CompletableFuture<HttpResponse<String>>> calls = IntStream.range(0, 8)
				.mapToObj((i) -> CompletableFuture.supplyAsync(weir::chat, (task) -> new Thread(task).start()))
				.toList();
			assertThat(calls).allSatisfy((call) -> assertThat(call.join().statusCode()).isEqualTo(200));
			this.backend.script(closingUsed(Closing.RESET));
			int connections = this.backend.connections();
			assertServed(weir.chat());
			assertThat(this.closed).hasValue(1);
			assertThat(this.backend.requests()).hasSize(10);
			assertThat(this.backend.connections()).isEqualTo(connections + 1);
		}
	}

	@ParameterizedTest
	@EnumSource
	void b40ACallThatCreatesSomethingStoredIsNotRepeated(Closing closing) {
		try (WeirServer weir = weir()) {
			this.backend.script(closingUsed(closing));
			assertThat(weir.chat().statusCode()).isEqualTo(200);
			assertThat(weir.post("/v1/batches", "{\"input_file_id\":\"file-1\"}").statusCode()).isEqualTo(502);
			assertThat(this.closed).hasValue(1);
			assertThat(this.backend.requests()).hasSize(2);
		}
	}

	@ParameterizedTest
	@EnumSource
	void b40ACallIsRepeatedOnceOnlyAndThenTheBackendHasFailed(Closing closing) {
		try (WeirServer weir = weir()) {
			this.backend.script((call) -> call.answer("200 OK", Bodies.COMPLETION));
			assertThat(weir.chat().statusCode()).isEqualTo(200);
			this.backend.script(closing::close);
			assertThat(weir.chat().statusCode()).isEqualTo(502);
			assertThat(this.backend.requests()).hasSize(3);
			assertThat(LaneFigures.of(weir, "a")).isEqualTo(new LaneFigures(0, 2, 1, 1, 1));
		}
	}

	@ParameterizedTest
	@EnumSource
	void b06ACloseOfANewConnectionIsNotRepeated(Closing closing) {
		try (WeirServer weir = weir()) {
			this.backend.script(closing::close);
			assertThat(weir.chat().statusCode()).isEqualTo(502);
			assertThat(this.backend.requests()).hasSize(1);
			assertThat(weir.get("/v1/files").statusCode()).isEqualTo(502);
			assertThat(this.backend.requests()).hasSize(2);
		}
	}

	@Test
	void b40NotOnceAByteOfTheResponseHasCome() {
		assertNotRepeated((call) -> {
			call.write("H");
			call.socket().close();
		});
	}

	@Test
	void b40NotWhereTheBackendTakesLongerToClose() {
		assertNotRepeated((call) -> {
			Thread.sleep(1200);
			call.reset();
		});
	}

	private void assertNotRepeated(RawBackend.Script second) {
		try (WeirServer weir = weir()) {
			this.backend.script((call) -> call.answer("200 OK", Bodies.COMPLETION));
			assertThat(weir.chat().statusCode()).isEqualTo(200);
			this.backend.script(second);
			assertThat(weir.chat().statusCode()).isEqualTo(502);
			assertThat(this.backend.requests()).hasSize(2);
		}
	}

	private WeirServer weir() {
		return WeirServer.withBackends(WeirServer.backend("a", this.backend.url())).onOneConnection();
	}

	/** Closes each connection at its second request, and serves the first. */
	private RawBackend.Script closingUsed(Closing closing) {
		return (call) -> {
			if (!this.used.add(call.socket())) {
				this.closed.incrementAndGet();
				closing.close(call);
			}
			else if (call.request().contains("\"stream\":true")) {
				call.beginEvents();
				call.chunk("data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\ndata: [DONE]\n\n");
				call.write("0\r\n\r\n");
			}
			else {
				call.answer("200 OK", Bodies.COMPLETION);
			}
		};
	}

	private static void assertServed(HttpResponse<String> response) {
		assertThat(response.statusCode()).as(response::body).isEqualTo(200);
		assertThat(response.headers().firstValue("x-weir-attempts")).hasValue("1");
	}

	/** How a backend closes a connection. */
	private enum Closing {

		FIN {

			@Override
			void close(RawBackend.Call call) throws IOException {
				call.socket().close();
			}

		},

		RESET {

			@Override
			void close(RawBackend.Call call) throws IOException {
				call.reset();
			}

		};

		abstract void close(RawBackend.Call call) throws IOException;

	}

}
