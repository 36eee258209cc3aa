package dev.weir;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import org.springframework.core.io.ClassPathResource;

import dev.weir.testing.Bodies;
import dev.weir.testing.RawClient;
import dev.weir.testing.WeirServer;

import static dev.weir.testing.ReplyAssertions.header;
import static org.assertj.core.api.Assertions.assertThat;

/**
 * The demo, started with the profile only, as by a user without an Azure subscription.
 */
class DemoTests {

	private static final List<String> PORTS = List.of("18081", "18082", "18083");

	@TempDir
	private Path directory;

	@Test
	void thirtyRequestsAreServedAlthoughTheFirstBackendThrottles() throws IOException {
		try (WeirServer weir = start("")) {
			assertThat(weir.get("/v1/models").body()).contains("\"id\":\"gpt-4o\"");
			List<HttpResponse<String>> responses = new ArrayList<>();
			for (int i = 0; i < 30; i++) {
				responses.add(weir.chat());
			}
			assertThat(responses).extracting(HttpResponse::statusCode).containsOnly(200);
			assertThat(responses)
				.allSatisfy((response) -> assertThat(response.body()).contains("This is a simulated response from "
						+ header(response, "x-weir-backend") + ". No model was called."));
			assertThat(responses).extracting((response) -> header(response, "x-weir-backend"))
				.startsWith("openai1", "openai1", "openai1", "openai1", "openai1")
				.containsOnly("openai1", "openai2", "openai3")
				.last()
				.isNotEqualTo("openai1");
			assertThat(responses).extracting((response) -> header(response, "x-weir-attempts"))
				.containsOnly("1", "2")
				.containsOnlyOnce("2");
			assertThat(weir.get("/actuator/health/backends/openai1").body()).contains("\"COOLDOWN\"",
					"gpt-4o is in cooldown");
			assertThat(weir.get("/actuator/health").statusCode()).isEqualTo(200);
		}
	}

	@Test
	void aStreamIsServedToItsEnd() throws IOException {
		try (WeirServer weir = start("")) {
			HttpResponse<String> response = weir.post("/v1/chat/completions", Bodies.CHAT_STREAM);
			assertThat(header(response, "content-type")).startsWith("text/event-stream");
			assertThat(List.of(response.body().split("\n\n"))).hasSizeGreaterThan(10)
				.allSatisfy((event) -> assertThat(event).startsWith("data: "))
				.last()
				.isEqualTo("data: [DONE]");
		}
	}

	@Test
	void theFirstEventArrivesBeforeTheLastIsSent() throws IOException {
		try (WeirServer weir = start("\n        event-interval: 1m"); RawClient client = RawClient.of(weir)) {
			client.post("/v1/chat/completions", Bodies.CHAT_STREAM);
			assertThat(client.readUntil("\n\n\r\n")).contains("\r\n\r\n").contains("data: {");
		}
	}

	private WeirServer start(String furtherSettings) throws IOException {
		String settings = new ClassPathResource("weir-demo.yml").getContentAsString(StandardCharsets.UTF_8);
		for (String port : PORTS) {
			assertThat(settings).contains("port: " + port, ":" + port);
			String free = String.valueOf(freePort());
			settings = settings.replace("port: " + port, "port: " + free + furtherSettings)
				.replace("127.0.0.1:" + port, "127.0.0.1:" + free);
		}
		Files.writeString(this.directory.resolve("application-demo.yml"), settings);
		return WeirServer.start("", "--spring.profiles.active=demo",
				"--spring.config.additional-location=" + this.directory.toUri());
	}

	private static int freePort() throws IOException {
		try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
			return socket.getLocalPort();
		}
	}

}
