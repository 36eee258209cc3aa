package dev.weir.websocket;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.IdentityCipherSuiteFilter;
import io.netty.handler.ssl.JdkSslContext;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import reactor.netty.DisposableServer;
import reactor.netty.http.HttpProtocol;
import reactor.netty.http.server.HttpServer;

import dev.weir.testing.OpenResources;
import dev.weir.testing.RawBackend;
import dev.weir.testing.RawWebSocket;
import dev.weir.testing.RawWebSocket.Frame;
import dev.weir.testing.TestAuthority;
import dev.weir.testing.WeirServer;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * The JDK's own WebSocket client in both modes, also in front of a backend that prefers
 * HTTP/2, which has no upgrade.
 */
class WebSocketClientTests {

	@AutoClose
	private final OpenResources resources = new OpenResources();

	private final Messages messages = new Messages();

	private WebSocket connect(WeirServer weir, String target) {
		return HttpClient.newHttpClient()
			.newWebSocketBuilder()
			.header("Authorization", "Bearer key-of-the-client")
			.buildAsync(URI.create("ws://127.0.0.1:" + weir.port() + target), this.messages)
			.orTimeout(10, TimeUnit.SECONDS)
			.join();
	}

	private static void close(WebSocket client) {
		client.sendClose(WebSocket.NORMAL_CLOSURE, "bye").orTimeout(10, TimeUnit.SECONDS).join();
	}

	@Test
	void theJdkClientHoldsARealtimeSession() throws InterruptedException {
		RawBackend backend = this.resources.backend((call) -> RawWebSocket.accept(call).echo());
		WeirServer weir = this.resources.add(WeirServer.withBackends(WeirServer.backend("a", backend.url())));
		WebSocket client = connect(weir, "/v1/realtime?model=m");
		client.sendText("{\"a\":", false).join();
		client.sendText("\"é\"}", true).join();
		assertThat(this.messages.next()).isEqualTo("{\"a\":\"é\"}");
		close(client);
		assertThat(this.messages.next()).isEqualTo("closed with 1000 bye");
	}

	@Test
	void theJdkClientSendsResponses() throws InterruptedException {
		RawBackend backend = this.resources.backend((call) -> {
			RawWebSocket socket = RawWebSocket.accept(call);
			for (Frame frame = socket.next(); frame.opcode() == RawWebSocket.TEXT; frame = socket.next()) {
				socket
					.text("{\"type\":\"response.completed\",\"response\":{\"id\":\"r\"},\"got\":" + frame.text() + "}");
			}
			socket.close(1000, "bye");
		});
		WeirServer weir = this.resources
			.add(WeirServer.withBackends(WeirServer.backend("a", backend.url(), "models: {m: deployed}")));
		WebSocket client = connect(weir, "/v1/responses");
		for (int i = 0; i < 2; i++) {
			client.sendText("{\"type\":\"response.create\",\"model\":\"m\",\"input\":\"hi\"}", true).join();
			assertThat(this.messages.next()).contains("response.completed", "\"model\":\"deployed\"");
		}
		close(client);
		assertThat(this.messages.next()).startsWith("closed with 1000");
	}

	@Test
	void aBackendThatPrefersHttp2IsConnectedOverHttp1() throws InterruptedException {
		TestAuthority authority = TestAuthority.found("Weir's tests");
		JdkSslContext tls = new JdkSslContext(authority.identity("localhost"), false, null,
				IdentityCipherSuiteFilter.INSTANCE,
				new ApplicationProtocolConfig(ApplicationProtocolConfig.Protocol.ALPN,
						ApplicationProtocolConfig.SelectorFailureBehavior.NO_ADVERTISE,
						ApplicationProtocolConfig.SelectedListenerFailureBehavior.ACCEPT, "h2", "http/1.1"),
				ClientAuth.NONE, null, false);
		DisposableServer backend = HttpServer.create()
			.host("127.0.0.1")
			.port(0)
			.protocol(HttpProtocol.H2, HttpProtocol.HTTP11)
			.secure((spec) -> spec.sslContext(tls))
			.route((routes) -> routes.ws("/openai/v1/realtime", (in, out) -> out.sendString(in.receive().asString())))
			.bindNow();
		this.resources.add(backend::disposeNow);
		WeirServer weir = this.resources.add(WeirServer.start(
				WeirServer.pool("", WeirServer.backend("a", URI.create("https://localhost:" + backend.port()))),
				authority.trustSettings()));
		WebSocket client = connect(weir, "/v1/realtime?model=m");
		client.sendText("hello", true).join();
		assertThat(this.messages.next()).isEqualTo("hello");
		client.abort();
	}

	/** Joins the parts of messages. */
	private static final class Messages implements WebSocket.Listener {

		private final BlockingQueue<String> received = new LinkedBlockingQueue<>();

		private final StringBuilder part = new StringBuilder();

		String next() throws InterruptedException {
			String next = this.received.poll(10, TimeUnit.SECONDS);
			assertThat(next).isNotNull();
			return next;
		}

		@Override
		public CompletionStage<?> onText(WebSocket socket, CharSequence data, boolean last) {
			this.part.append(data);
			if (last) {
				this.received.add(this.part.toString());
				this.part.setLength(0);
			}
			socket.request(1);
			return null;
		}

		@Override
		public CompletionStage<?> onClose(WebSocket socket, int code, String reason) {
			this.received.add("closed with " + code + " " + reason);
			return null;
		}

	}

}
