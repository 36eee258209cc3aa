package dev.weir.websocket;

import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

import org.awaitility.Awaitility;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;

import dev.weir.testing.OpenResources;
import dev.weir.testing.RawBackend;
import dev.weir.testing.RawWebSocket;
import dev.weir.testing.RawWebSocket.Frame;
import dev.weir.testing.Signal;
import dev.weir.testing.WeirServer;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Row S9: WebSockets while Weir stops.
 */
class SocketDrainTests {

	private static final String TARGET = "/v1/realtime?model=gpt-4o";

	@AutoClose
	private final OpenResources resources = new OpenResources();

	private final BlockingQueue<Frame> atBackend = new LinkedBlockingQueue<>();

	@Test
	void s9AtTheStopAnIdleSessionIsClosedWith1001AtOnce() throws Exception {
		RawBackend backend = this.resources
			.backend((call) -> this.atBackend.add(RawWebSocket.accept(call).text("hello").awaitClose()));
		WeirServer weir = this.resources.add(WeirServer.withBackends(WeirServer.backend("a", backend.url())));
		try (RawWebSocket client = RawWebSocket.connect(weir, TARGET)) {
			assertThat(client.nextText()).isEqualTo("hello");
			CompletableFuture<Void> stopped = CompletableFuture.runAsync(weir::close);
			assertThat(client.awaitClose().code()).isEqualTo(1001);
			assertThat(this.atBackend.poll(5, TimeUnit.SECONDS).code()).isEqualTo(1001);
			client.close(1001, "");
			stopped.get(5, TimeUnit.SECONDS);
		}
	}

	@Test
	void s9AtTheStopARunningResponseEndsBeforeTheSessionIsClosed() throws Exception {
		Signal stopping = new Signal();
		RawBackend backend = this.resources.backend((call) -> {
			RawWebSocket socket = RawWebSocket.accept(call)
				.text("{\"type\":\"response.created\",\"response\":{\"id\":\"r1\"}}");
			stopping.await();
			socket.text("{\"type\":\"response.output_text.delta\",\"delta\":\"a\"}")
				.text("{\"type\":\"response.done\",\"response\":{\"usage\":{\"input_tokens\":1,\"output_tokens\":2}}}");
			this.atBackend.add(socket.awaitClose());
		});
		WeirServer weir = this.resources.add(WeirServer.withBackends(WeirServer.backend("a", backend.url())));
		OpenSockets open = weir.beans(OpenSockets.class).values().iterator().next();
		try (RawWebSocket client = RawWebSocket.connect(weir, TARGET)) {
			assertThat(client.nextText()).contains("response.created");
			CompletableFuture<Void> stopped = CompletableFuture.runAsync(weir::close);
			Awaitility.await().until(() -> !open.isRunning());
			stopping.send();
			assertThat(client.nextText()).contains("delta");
			assertThat(client.nextText()).contains("response.done");
			assertThat(client.awaitClose().code()).isEqualTo(1001);
			client.close(1001, "");
			stopped.get(5, TimeUnit.SECONDS);
		}
		assertThat(this.atBackend.poll(5, TimeUnit.SECONDS).code()).isEqualTo(1001);
	}

	@Test
	void s9AResponseThatDoesNotEndInTimeIsClosedWith1001BeforeTheStopIsOver() throws Exception {
		RawBackend backend = this.resources.backend((call) -> this.atBackend
			.add(RawWebSocket.accept(call).text("{\"type\":\"response.created\",\"response\":{}}").awaitClose()));
		WeirServer weir = this.resources
			.add(WeirServer.start(WeirServer.pool("", WeirServer.backend("a", backend.url())),
					"--spring.lifecycle.timeout-per-shutdown-phase=2s"));
		try (RawWebSocket client = RawWebSocket.connect(weir, TARGET)) {
			assertThat(client.nextText()).contains("response.created");
			long start = System.nanoTime();
			CompletableFuture<Void> stopped = CompletableFuture.runAsync(weir::close);
			assertThat(client.awaitClose().code()).isEqualTo(1001);
			assertThat(Duration.ofNanos(System.nanoTime() - start)).isBetween(Duration.ofMillis(900),
					Duration.ofMillis(2500));
			client.close(1001, "");
			stopped.get(5, TimeUnit.SECONDS);
		}
		assertThat(this.atBackend.poll(5, TimeUnit.SECONDS).code()).isEqualTo(1001);
	}

	@Test
	void theUsageOfAResponseIsCounted() throws Exception {
		RawBackend backend = this.resources.backend((call) -> RawWebSocket.accept(call)
			.text("{\"type\":\"response.created\",\"response\":{}}")
			.text("{\"type\":\"response.done\",\"event_id\":\"e\",\"response\":{\"usage\":{\"total_tokens\":12,"
					+ "\"input_tokens\":5,\"output_tokens\":7}}}")
			.awaitClose());
		WeirServer weir = this.resources.add(WeirServer.withBackends(WeirServer.backend("a", backend.url())));
		try (RawWebSocket client = RawWebSocket.connect(weir, TARGET)) {
			client.nextText();
			client.nextText();
			Awaitility.await()
				.untilAsserted(() -> assertThat(weir.get("/actuator/prometheus").body()).containsPattern(
						"gen_ai_client_token_usage_tokens?_sum\\{[^}]*backend=\"a\"[^}]*type=\"output\"[^}]*} 7.0"));
		}
	}

}
