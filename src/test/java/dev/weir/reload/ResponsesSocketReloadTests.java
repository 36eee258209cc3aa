package dev.weir.reload;

import java.util.List;
import java.util.Locale;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

import org.awaitility.Awaitility;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;

import dev.weir.testing.DeafPort;
import dev.weir.testing.OpenResources;
import dev.weir.testing.RawBackend;
import dev.weir.testing.RawWebSocket;
import dev.weir.testing.RawWebSocket.Frame;
import dev.weir.testing.Signal;
import dev.weir.testing.WeirServer;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Reloads while a client has a WebSocket for responses.
 */
class ResponsesSocketReloadTests {

	private static final String CREATE = "{\"type\":\"response.create\",\"model\":\"m1\"}";

	private static final String OTHER_ROUTE = "spring.cloud.gateway.server.webflux.routes: "
			+ "[{id: other, uri: 'lb://other', predicates: ['Path=/**']}]\n";

	@AutoClose
	private final OpenResources resources = new OpenResources();

	private final List<String> keys = new CopyOnWriteArrayList<>();

	private final RawBackend backend = this.resources.backend((call) -> {
		this.keys.add(RawWebSocket.header(call.request(), "api-key").toLowerCase(Locale.ROOT));
		RawWebSocket socket = RawWebSocket.accept(call);
		for (Frame frame = socket.next(); frame.opcode() == RawWebSocket.TEXT; frame = socket.next()) {
			socket.text("{\"type\":\"response.completed\",\"response\":{\"id\":\"resp_1\"}}");
		}
	});

	private String pool(String key) {
		return WeirServer.pool("",
				WeirServer.backend("a", this.backend.url(), "models: {m1: m1}").replace("key-of-a", key));
	}

	private RawWebSocket connect(ReloadableWeir weir) {
		return this.resources.add(RawWebSocket.connect(weir.server(), "/v1/responses"));
	}

	@Test
	void aChangedKeyIsUsedForTheNextMessage() {
		ReloadableWeir weir = this.resources.add(ReloadableWeir.start(pool("old-key")));
		RawWebSocket client = connect(weir);
		client.text(CREATE);
		assertThat(client.nextText()).contains("completed");
		client.text(CREATE);
		assertThat(client.nextText()).contains("completed");
		assertThat(this.keys).containsExactly("old-key");
		assertThat(weir.change(pool("new-key")).problem()).isNull();
		client.text(CREATE);
		assertThat(client.nextText()).contains("completed");
		assertThat(this.keys).containsExactly("old-key", "new-key");
	}

	@Test
	void theClientOfARemovedPoolGetsAnErrorAndIsClosedWith1012() {
		ReloadableWeir weir = this.resources.add(ReloadableWeir.start(pool("key")));
		RawWebSocket client = connect(weir);
		client.text(CREATE);
		assertThat(client.nextText()).contains("completed");
		assertThat(weir.change(pool("key").replace("openai:", "other:") + OTHER_ROUTE).problem()).isNull();
		client.text(CREATE);
		assertThat(client.nextText()).contains("\"status\":503", "pool openai");
		Frame close = client.awaitClose();
		assertThat(close.code()).isEqualTo(1012);
		assertThat(close.reason()).isEqualTo("The configuration has changed");
	}

	private static String filter(String team) {
		return "spring.cloud.gateway.server.webflux.default-filters: ['AddRequestHeader=x-team, " + team + "']\n";
	}

	private static void assertClosedWith1012(RawWebSocket client) {
		Frame close = client.awaitClose();
		assertThat(close.code()).isEqualTo(1012);
		assertThat(close.reason()).isEqualTo("The configuration has changed");
	}

	@Test
	void theClientOfAChangedRouteGetsAnErrorAndIsClosedWith1012() {
		for (String changed : List.of(filter("new"), "spring.cloud.gateway.server.webflux.routes: "
				+ "[{id: weir, uri: 'lb://openai', predicates: ['Path=/**'], filters: ['AddRequestHeader=x-team, new']}]\n")) {
			ReloadableWeir weir = this.resources.add(ReloadableWeir.start(pool("key")));
			RawWebSocket client = connect(weir);
			client.text(CREATE);
			assertThat(client.nextText()).contains("completed");
			assertThat(weir.change(pool("key") + changed).problem()).isNull();
			client.text(CREATE);
			assertThat(client.nextText()).contains("\"status\":503", "The configuration of this route has changed");
			assertClosedWith1012(client);
		}
	}

	@Test
	void aResponseThatRunsEndsBeforeTheClientOfAChangedRouteIsClosed() {
		Signal finish = new Signal();
		RawBackend slow = this.resources.backend((call) -> {
			RawWebSocket socket = RawWebSocket.accept(call);
			socket.nextText();
			socket.text("{\"type\":\"response.output_text.delta\",\"delta\":\"x\"}");
			finish.await();
			socket.text("{\"type\":\"response.completed\",\"response\":{\"id\":\"resp_1\"}}");
			socket.awaitClose();
		});
		String pool = WeirServer.pool("", WeirServer.backend("a", slow.url(), "models: {m1: m1}"));
		ReloadableWeir weir = this.resources.add(ReloadableWeir.start(pool));
		RawWebSocket client = connect(weir);
		client.text(CREATE);
		assertThat(client.nextText()).contains("delta");
		assertThat(weir.change(pool + filter("new")).problem()).isNull();
		client.text(CREATE);
		assertThat(client.nextText()).contains("\"status\":503");
		finish.send();
		assertThat(client.nextText()).contains("completed");
		assertClosedWith1012(client);
	}

	@Test
	void aMessageThatWaitsStaysWithItsConfigurationIfTheFiltersHaveChanged() {
		AtomicInteger received = new AtomicInteger();
		RawBackend throttled = this.resources.backend((call) -> {
			RawWebSocket socket = RawWebSocket.accept(call);
			for (Frame frame = socket.next(); frame.opcode() == RawWebSocket.TEXT; frame = socket.next()) {
				socket.text((received.incrementAndGet() == 1)
						? "{\"type\":\"error\",\"status\":429,\"error\":{\"code\":\"rate_limit_exceeded\",\"message\":\"no\"},"
								+ "\"headers\":{\"retry-after-ms\":\"3000\"}}"
						: "{\"type\":\"response.completed\",\"response\":{\"id\":\"resp_old\"}}");
			}
		});
		String settings = "max-wait: 20s, max-attempts: 5";
		String old = WeirServer.backend("a", throttled.url(), "models: {m1: m1}");
		ReloadableWeir weir = this.resources.add(ReloadableWeir.start(WeirServer.pool("max-wait: 0ms", old)));
		RawWebSocket first = connect(weir);
		first.text(CREATE);
		assertThat(first.nextText()).contains("\"status\":429");
		assertThat(weir.change(WeirServer.pool(settings, old)).problem()).isNull();
		RawWebSocket client = connect(weir);
		client.text(CREATE);
		Awaitility.await()
			.until(() -> weir.server()
				.get("/actuator/prometheus")
				.body()
				.contains("weir_pool_waiting{pool=\"openai\"} 1"));
		assertThat(weir
			.change(WeirServer.pool(settings, old,
					WeirServer.backend("b", this.backend.url(), "priority: 2", "models: {m1: m1}")) + filter("new"))
			.problem()).isNull();
		assertThat(client.nextText()).contains("resp_old");
	}

	@Test
	void aMessageAfterAReloadHasTheNewConnectTimeout() {
		DeafPort deaf = this.resources.add(DeafPort.open());
		String old = WeirServer.backend("a", this.backend.url(), "models: {m1: m1}");
		ReloadableWeir weir = this.resources
			.add(ReloadableWeir.start(WeirServer.pool("connect-timeout: 60s, max-wait: 0ms", old)));
		RawWebSocket client = connect(weir);
		client.text(CREATE);
		assertThat(client.nextText()).contains("completed");
		assertThat(weir.change(WeirServer.pool("connect-timeout: 300ms, max-wait: 0ms", old,
				WeirServer.backend("b", deaf.url(), "models: {m2: m2}")))
			.problem()).isNull();
		client.text(CREATE.replace("m1", "m2"));
		assertThat(client.nextText()).contains("\"type\":\"error\"");
		client.text(CREATE);
		assertThat(client.nextText()).contains("completed");
	}

}
