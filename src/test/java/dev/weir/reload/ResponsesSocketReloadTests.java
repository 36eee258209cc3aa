package dev.weir.reload;

import java.util.List;
import java.util.Locale;
import java.util.concurrent.CopyOnWriteArrayList;

import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;

import dev.weir.testing.OpenResources;
import dev.weir.testing.RawBackend;
import dev.weir.testing.RawWebSocket;
import dev.weir.testing.RawWebSocket.Frame;
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

}
