package dev.weir.simulator;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import org.springframework.core.io.ClassPathResource;

import dev.weir.testing.WeirServer;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * The steps of the README with the profile {@code demo}.
 */
class DemoTests {

	private static final String MODEL_OF_THE_OUTAGE = "gpt-4.1";

	/** A file of the profile takes precedence over the settings of the demo. */
	@TempDir
	private Path folder;

	@Test
	void theStepsOfTheReadmeShowThrottlingAnOutageAndAnOpenCircuitBreaker() throws Exception {
		assertThat(Files.readString(Path.of("README.md"))).contains("for i in $(seq 15); do chat gpt-4o; done",
				"for i in $(seq 15); do chat " + MODEL_OF_THE_OUTAGE + "; done", "at the latest after ten calls");
		int[] ports = { freePort(), freePort(), freePort() };
		String settings = new ClassPathResource("weir-demo.yml").getContentAsString(StandardCharsets.UTF_8);
		for (int i = 0; i < ports.length; i++) {
			settings = settings.replace("1808" + (i + 1), String.valueOf(ports[i]));
		}
		Path file = Files.writeString(this.folder.resolve("application-demo.yml"), settings);
		try (WeirServer weir = WeirServer.startFrom(file, (context) -> {
		}, "--spring.profiles.active=demo")) {
			for (int i = 0; i < 14; i++) {
				chat(weir, "gpt-4o");
			}
			assertThat(chat(weir, "gpt-4o")).matches("200 openai[23] attempt 1");
			assertThat(setMode(ports[0], "down")).isEqualTo(200);
			for (int i = 0; i < 15; i++) {
				assertThat(chat(weir, MODEL_OF_THE_OUTAGE)).as("call %d", i + 1)
					.matches("200 openai[23] attempt " + ((i < 10) ? 2 : 1));
			}
		}
	}

	private static String chat(WeirServer weir, String model) {
		HttpResponse<String> reply = weir.post("/v1/chat/completions",
				"{\"model\":\"" + model + "\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}");
		return reply.statusCode() + " " + reply.headers().firstValue("x-weir-backend").orElse("none") + " attempt "
				+ reply.headers().firstValue("x-weir-attempts").orElse("none");
	}

	private static int setMode(int port, String mode) throws Exception {
		HttpRequest request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/simulator/" + mode))
			.POST(HttpRequest.BodyPublishers.noBody())
			.build();
		return HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString()).statusCode();
	}

	private static int freePort() throws IOException {
		try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
			return socket.getLocalPort();
		}
	}

}
