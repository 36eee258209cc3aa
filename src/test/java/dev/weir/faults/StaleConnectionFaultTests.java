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

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import dev.weir.testing.Bodies;
import dev.weir.testing.LaneFigures;
import dev.weir.testing.RawBackend;
import dev.weir.testing.Stands;
import dev.weir.testing.Stands.Stand;
import dev.weir.testing.TestAuthority;
import dev.weir.testing.WeirServer;

import static dev.weir.testing.Scripts.SERVES;
import static dev.weir.testing.Scripts.UNUSED;
import static org.assertj.core.api.Assertions.assertThat;

/**
 * Row B40: a backend closes a connection that was used before, as a request arrives.
 */
class StaleConnectionFaultTests {

	private static Stands stands;

	private static final String CHAT = "/v1/chat/completions";

	// connections that served a request
	private final Set<Socket> used = ConcurrentHashMap.newKeySet();

	private final AtomicInteger closed = new AtomicInteger();

	private final Stand stand = stands.next(UNUSED, UNUSED).onOneConnection();

	@BeforeAll
	static void startWeir() {
		stands = Stands.start(16, "max-attempts: 1");
	}

	@AfterAll
	static void stopWeir() throws InterruptedException {
		stands.close();
	}

	@ParameterizedTest
	@EnumSource
	void b40ARequestIsRepeatedOnceOnANewConnectionAndIsOneAttempt(Closing closing) {
		this.stand.first().script(closingUsed(closing));
		assertThat(this.stand.chat().statusCode()).isEqualTo(200);
		assertServed(this.stand.chat());
		assertThat(this.closed).hasValue(1);
		assertThat(this.stand.first().requests()).hasSize(3);
		assertThat(this.stand.first().requests().get(2)).isEqualTo(this.stand.first().requests().get(1))
			.contains(Bodies.CHAT, "api-key: key-of-" + this.stand.firstName());
		assertThat(this.stand.first().connections()).isEqualTo(2);
		assertThat(LaneFigures.of(this.stand.weir(), this.stand.firstName())).isEqualTo(new LaneFigures(0, 2, 2, 0, 0));
	}

	@ParameterizedTest
	@EnumSource
	void b40AStreamIsRepeatedToo(Closing closing) {
		this.stand.first().script(closingUsed(closing));
		assertThat(this.stand.chat().statusCode()).isEqualTo(200);
		assertServed(this.stand.post(CHAT, Bodies.CHAT_STREAM));
		assertThat(this.closed).hasValue(1);
		assertThat(this.stand.first().requests()).hasSize(3);
	}

	@ParameterizedTest
	@EnumSource
	void b40ARequestWithoutABodyIsRepeatedToo(Closing closing) {
		this.stand.first().script(closingUsed(closing));
		assertThat(this.stand.get("/v1/organization/projects").statusCode()).isEqualTo(200);
		assertServed(this.stand.get("/v1/organization/projects"));
		assertThat(this.closed).hasValue(1);
		assertThat(this.stand.first().requests()).hasSize(3);
		assertThat(this.stand.first().connections()).isEqualTo(2);
	}

	@Test
	void b40ARequestOverTlsIsRepeatedToo() {
		TestAuthority authority = TestAuthority.found("Weir's tests");
		RawBackend backend = RawBackend.startSecure(authority.identity("localhost"), closingUsed(Closing.RESET));
		try (WeirServer weir = WeirServer
			.start(WeirServer.pool("", WeirServer.backend("a", backend.url("localhost"))), authority.trustSettings())
			.onOneConnection()) {
			assertThat(weir.chat().statusCode()).isEqualTo(200);
			assertServed(weir.chat());
			assertThat(this.closed).hasValue(1);
		}
	}

	@Test
	void b40IfManyConnectionsAreStaleARequestUsesOnlyOneOfThem() throws InterruptedException {
		CountDownLatch together = new CountDownLatch(8);
		this.stand.first().script((call) -> {
			this.used.add(call.socket());
			together.countDown();
			together.await(10, TimeUnit.SECONDS);
			call.respond("200 OK", Bodies.COMPLETION);
		});
		List<CompletableFuture<HttpResponse<String>>> calls = IntStream.range(0, 8)
			.mapToObj((i) -> CompletableFuture.supplyAsync(this.stand::chat, (task) -> new Thread(task).start()))
			.toList();
		assertThat(calls).allSatisfy((call) -> assertThat(call.join().statusCode()).isEqualTo(200));
		this.stand.first().script(closingUsed(Closing.RESET));
		int connections = this.stand.first().connections();
		assertServed(this.stand.chat());
		assertThat(this.closed).hasValue(1);
		assertThat(this.stand.first().requests()).hasSize(10);
		assertThat(this.stand.first().connections()).isEqualTo(connections + 1);
	}

	@ParameterizedTest
	@EnumSource
	void b40ARequestThatCreatesAStoredObjectIsNotRepeated(Closing closing) {
		this.stand.first().script(closingUsed(closing));
		assertThat(this.stand.chat().statusCode()).isEqualTo(200);
		assertThat(this.stand.post("/v1/batches", "{}").statusCode()).isEqualTo(502);
		assertThat(this.closed).hasValue(1);
		assertThat(this.stand.first().requests()).hasSize(2);
	}

	@ParameterizedTest
	@EnumSource
	void b40ARequestIsRepeatedOnlyOnceAndThenTheBackendHasFailed(Closing closing) {
		this.stand.first().script(SERVES);
		assertThat(this.stand.chat().statusCode()).isEqualTo(200);
		this.stand.first().script(closing::close);
		assertThat(this.stand.chat().statusCode()).isEqualTo(502);
		assertThat(this.stand.first().requests()).hasSize(3);
		assertThat(LaneFigures.of(this.stand.weir(), this.stand.firstName())).isEqualTo(new LaneFigures(0, 2, 1, 1, 1));
	}

	@ParameterizedTest
	@EnumSource
	void b06ACloseOfANewConnectionIsNotRepeated(Closing closing) {
		this.stand.first().script(closing::close);
		assertThat(this.stand.chat().statusCode()).isEqualTo(502);
		assertThat(this.stand.first().requests()).hasSize(1);
		assertThat(this.stand.get("/v1/organization/projects").statusCode()).isEqualTo(502);
		assertThat(this.stand.first().requests()).hasSize(2);
	}

	@Test
	void b40ARequestIsNotRepeatedAfterAByteOfTheResponse() {
		assertNotRepeated((call) -> {
			call.write("H");
			call.socket().close();
		});
	}

	@Test
	void b40ARequestIsNotRepeatedIfTheBackendClosesLater() {
		assertNotRepeated((call) -> {
			Thread.sleep(1200);
			call.reset();
		});
	}

	private void assertNotRepeated(RawBackend.Script second) {
		this.stand.first().script(SERVES);
		assertThat(this.stand.chat().statusCode()).isEqualTo(200);
		this.stand.first().script(second);
		assertThat(this.stand.chat().statusCode()).isEqualTo(502);
		assertThat(this.stand.first().requests()).hasSize(2);
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
				call.endChunks();
			}
			else {
				call.respond("200 OK", Bodies.COMPLETION);
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
