package dev.weir.faults;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import dev.weir.testing.Bodies;
import dev.weir.testing.RawBackend;
import dev.weir.testing.RawClient;
import dev.weir.testing.RawReply;
import dev.weir.testing.WeirServer;

import static dev.weir.testing.Scripts.SERVES;
import static org.assertj.core.api.Assertions.assertThat;

/**
 * Clients and backends that send or read too slowly: they harm themselves only.
 */
class SlowPeerFaultTests {

	private static final String JSON = "Content-Type: application/json";

	private static final int MEGABYTE = 1024 * 1024;

	private static RawBackend backend;

	private static WeirServer weir;

	@BeforeAll
	static void start() {
		backend = RawBackend.start(SERVES);
		weir = WeirServer.start("""
				weir:
				  max-body: 1MB
				  max-buffered: 2MB
				  header-timeout: 1s
				  body-timeout: 1s
				  client-idle-timeout: 1s
				  pools:
				    openai:
				      response-timeout: 2s
				      deadline: 2s
				      stream-idle-timeout: 1s
				      max-wait: 0s
				      backends: [{name: only, url: '%s', api-key: k, dialect: openai, max-concurrent: 10}]
				""".formatted(backend.url()));
	}

	@AfterAll
	static void stop() throws InterruptedException {
		weir.close();
		backend.close();
	}

	@BeforeEach
	void serve() {
		backend.script(SERVES);
	}

	@Test
	void c02AClientThatReadsNothingIsDisconnectedAndItsPlaceIsFree() throws InterruptedException {
		CountDownLatch ended = new CountDownLatch(10);
		backend.script((call) -> {
			try {
				call.beginEvents();
				String event = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"" + "x".repeat(4000)
						+ "\"}}]}\n\n";
				while (true) {
					call.chunk(event);
				}
			}
			finally {
				ended.countDown();
			}
		});
		List<RawClient> clients = new ArrayList<>();
		for (int i = 0; i < 10; i++) {
			RawClient client = RawClient.connect(weir.port());
			client.write(
					RawClient.head("POST /v1/chat/completions", JSON, "Content-Length: " + Bodies.CHAT_STREAM.length())
							+ Bodies.CHAT_STREAM);
			clients.add(client);
		}
		assertThat(ended.await(20, TimeUnit.SECONDS)).isTrue();
		serve();
		assertServes();
		assertNoBackendIsBlamed();
		clients.forEach(RawClient::close);
	}

	@Test
	void c04AHeadThatTricklesGets408() {
		try (RawClient client = RawClient.connect(weir.port())) {
			client.write("POST /v1/chat/completions HTTP/1.1\r\nHost: weir.test\r\nX-Slow: ");
			RawReply response = client.readReply();
			assertThat(response.status()).isEqualTo(408);
			assertThat(response.text()).contains("request_timeout");
		}
		assertServes();
	}

	@Test
	void c04ABodyThatStallsGets408() {
		try (RawClient client = RawClient.connect(weir.port())) {
			client.write(RawClient.head("POST /v1/chat/completions", JSON, "Content-Length: 100000")
					+ "{\"model\":\"gpt-4o\"");
			assertTimedOut(client.readReply());
		}
		assertServes();
	}

	@Test
	void c04UploadsThatStallAreNoFailureOfTheBackend() {
		List<RawClient> clients = new ArrayList<>();
		for (int i = 0; i < 6; i++) {
			RawClient client = RawClient.connect(weir.port());
			client.write(upload(2 * MEGABYTE) + "x");
			clients.add(client);
		}
		for (RawClient client : clients) {
			assertTimedOut(client.readReply());
			client.close();
		}
		assertNoBackendIsBlamed();
		assertServes();
	}

	@Test
	void c04AnUploadMayTakeLongerThanTheBackendsTimeouts() throws InterruptedException {
		byte[] part = new byte[MEGABYTE / 2];
		try (RawClient client = RawClient.connect(weir.port())) {
			client.write(upload(8 * part.length));
			for (int i = 0; i < 8; i++) {
				client.write(part);
				// slower than response-timeout and deadline, faster than body-timeout
				TimeUnit.MILLISECONDS.sleep(350);
			}
			assertThat(client.readReply().status()).isEqualTo(200);
		}
		assertNoBackendIsBlamed();
	}

	@Test
	void b03ABackendThatAcceptsNothingOfARequestHasFailed() throws IOException {
		try (DeafBackend deaf = new DeafBackend();
				WeirServer other = WeirServer
					.start(WeirServer.pool("stream-idle-timeout: 1s", WeirServer.backend("deaf", deaf.url()),
							WeirServer.backend("good", backend.url(), "priority: 2")))) {
			String body = Bodies.CHAT.replaceFirst("\\{", "{\"pad\":\"" + "x".repeat(16 * MEGABYTE) + "\",");
			HttpResponse<String> response = other.post("/v1/chat/completions", body);
			assertThat(response.statusCode()).isEqualTo(200);
			assertThat(response.headers().firstValue("x-weir-attempts")).contains("2");
			assertThat(response.headers().firstValue("x-weir-backend")).contains("good");
		}
	}

	@Test
	void c27SlowUploadsLeaveRoomForOthers() throws InterruptedException {
		List<RawClient> clients = new ArrayList<>();
		for (int i = 0; i < 10; i++) {
			RawClient client = RawClient.connect(weir.port());
			client.write(RawClient.head("POST /v1/chat/completions", JSON, "Content-Length: 1000000")
					+ "{\"model\":\"gpt-4o\",\"pad\":\"" + "x".repeat(MEGABYTE / 3));
			clients.add(client);
		}
		for (int i = 0; i < 30; i++) {
			for (RawClient client : clients) {
				try {
					client.write("x".repeat(500));
				}
				catch (UncheckedIOException ex) {
					// this request was refused
				}
			}
			assertServes();
			TimeUnit.MILLISECONDS.sleep(100);
		}
		String large = Bodies.CHAT.replaceFirst("\\{", "{\"pad\":\"" + "x".repeat(MEGABYTE - 1000) + "\",");
		assertThat(weir.post("/v1/chat/completions", large).statusCode()).isEqualTo(200);
		List<RawReply> refused = clients.stream()
			.map((client) -> client.readReply())
			.filter((it) -> it.status() == 503)
			.toList();
		assertThat(refused).isNotEmpty().allSatisfy((it) -> {
			assertThat(it.text()).contains("overloaded");
			assertThat(it.header("retry-after")).isEqualTo("1");
		});
		clients.forEach(RawClient::close);
		assertNoBackendIsBlamed();
	}

	private static String upload(int length) {
		return RawClient.head("POST /v1/files", "Content-Type: multipart/form-data; boundary=x",
				"Content-Length: " + length);
	}

	private static void assertTimedOut(RawReply response) {
		assertThat(response.status()).isEqualTo(408);
		assertThat(response.text()).contains("request_timeout").contains("weir.body-timeout");
		assertThat(response.header("connection")).isEqualTo("close");
	}

	private static void assertServes() {
		assertThat(weir.chat().statusCode()).isEqualTo(200);
	}

	private static void assertNoBackendIsBlamed() {
		assertThat(weir.get("/actuator/circuitbreakers").body()).contains("\"state\":\"CLOSED\"")
			.contains("\"failedCalls\":0");
	}

	/** Accepts connections and reads nothing. */
	private static final class DeafBackend implements AutoCloseable {

		private final ServerSocket server = new ServerSocket();

		private final List<Socket> accepted = new ArrayList<>();

		DeafBackend() throws IOException {
			this.server.setReceiveBufferSize(16 * 1024);
			this.server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
			Thread thread = new Thread(this::accept, "deaf");
			thread.setDaemon(true);
			thread.start();
		}

		URI url() {
			return URI.create("http://127.0.0.1:" + this.server.getLocalPort());
		}

		private void accept() {
			try {
				while (true) {
					this.accepted.add(this.server.accept());
				}
			}
			catch (IOException ex) {
				// closed
			}
		}

		@Override
		public void close() throws IOException {
			this.server.close();
			for (Socket socket : this.accepted) {
				socket.close();
			}
		}

	}

}
