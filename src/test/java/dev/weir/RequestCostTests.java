package dev.weir;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import org.springframework.boot.logging.LogLevel;
import org.springframework.boot.logging.LoggingSystem;

import dev.weir.testing.Allocation;
import dev.weir.testing.Bodies;
import dev.weir.testing.RawBackend;
import dev.weir.testing.WeirServer;

import static dev.weir.testing.Scripts.SERVES;
import static dev.weir.testing.Scripts.throttling;
import static org.assertj.core.api.Assertions.assertThat;

/**
 * The cost of a request: bytes that Weir's event loops allocate, attempts, and
 * connections to backends. These are counted and no time is measured, so the result does
 * not depend on the machine.
 */
@Tag("cost")
class RequestCostTests {

	private static final int REQUESTS = 200;

	private static final int CALL = 53_600;

	private static final int FAILOVER = 34_000;

	private static final int EVENT = 1_400;

	private static final String[] EVENTS = IntStream.range(0, 50)
		.mapToObj((i) -> "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"" + i + "\"}}]}\n\n")
		.toArray(String[]::new);

	private RawBackend first;

	private RawBackend second;

	private WeirServer weir;

	@BeforeEach
	void start() {
		this.first = RawBackend.start(SERVES);
		this.second = RawBackend.start(SERVES);
		this.weir = WeirServer
			.withBackends(WeirServer.backend("a", this.first.url()),
					WeirServer.backend("b", this.second.url(), "priority: 2"))
			.onOneConnection();
		// the log of a test is kept in memory, which is not measured here
		LoggingSystem.get(getClass().getClassLoader()).setLogLevel("dev.weir", LogLevel.WARN);
		calls();
	}

	@AfterEach
	void stop() {
		LoggingSystem.get(getClass().getClassLoader()).setLogLevel("dev.weir", null);
		this.weir.close();
		this.first.close();
		this.second.close();
	}

	@Test
	void aSmallRequestTakesOneAttemptAndNoNewConnection() {
		assertThat(this.first.requests()).hasSize(REQUESTS);
		assertThat(this.first.connections()).isEqualTo(1);
		assertThat(this.second.requests()).isEmpty();
		assertThat(Allocation.by("reactor-http", REQUESTS, this.weir::chat)).isLessThan(CALL);
	}

	@Test
	void aThrottledBackendGetsOneAttemptAndKeepsItsConnection() {
		this.first.script(throttling("retry-after: 60"));
		calls();
		assertThat(this.first.requests()).hasSize(REQUESTS + 1);
		assertThat(this.first.connections()).isEqualTo(1);
		assertThat(this.second.requests()).hasSize(REQUESTS);
		assertThat(this.second.connections()).isEqualTo(1);
		assertThat(Allocation.by("reactor-http", REQUESTS, this.weir::chat)).isLessThan(CALL);
	}

	@Test
	void aFailoverTakesOneMoreAttemptAndABoundedNumberOfBytes() {
		this.first.script(throttling("retry-after-ms: 1"));
		AtomicInteger attempts = new AtomicInteger();
		long bytes = Allocation.by("reactor-http", REQUESTS, () -> attempts
			.addAndGet(this.weir.chat().headers().firstValueAsLong("x-weir-attempts").orElseThrow() == 2 ? 2 : 1));
		assertThat(this.first.requests().size() - REQUESTS + this.second.requests().size()).isEqualTo(attempts.get());
		assertThat(this.first.connections()).isEqualTo(1);
		assertThat(this.second.connections()).isEqualTo(1);
		assertThat(bytes).isLessThan(CALL + FAILOVER);
	}

	@Test
	void anEventOfAStreamTakesABoundedNumberOfBytes() {
		this.first.script((call) -> {
			call.beginEvents();
			for (String event : EVENTS) {
				call.chunk(event);
			}
			call.chunk("data: [DONE]\n\n");
			call.endChunks();
		});
		assertThat(Allocation.by("reactor-http", 20, this::stream)).isLessThan(CALL + EVENTS.length * EVENT);
		assertThat(this.first.connections()).isEqualTo(1);
	}

	private void stream() {
		assertThat(this.weir.post("/v1/chat/completions", Bodies.CHAT_STREAM).body()).endsWith("data: [DONE]\n\n");
	}

	private void calls() {
		for (int i = 0; i < REQUESTS; i++) {
			assertThat(this.weir.chat().statusCode()).isEqualTo(200);
		}
	}

}
