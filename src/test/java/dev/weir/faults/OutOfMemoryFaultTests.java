package dev.weir.faults;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import dev.weir.WeirApplication;
import dev.weir.testing.Bodies;
import dev.weir.testing.RawBackend;
import dev.weir.testing.RawClient;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * A process that runs out of memory.
 */
@Tag("soak")
@Timeout(300)
class OutOfMemoryFaultTests {

	private static final int CLIENTS = 400;

	@Test
	void w07AProcessWithoutDirectMemoryEndsAndNoBackendFails(@TempDir Path directory)
			throws IOException, InterruptedException {
		String event = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"" + "x".repeat(4000) + "\"}}]}\n\n";
		RawBackend.Script endless = (call) -> {
			call.beginEvents();
			while (true) {
				call.chunk(event);
			}
		};
		Path log = directory.resolve("log.txt");
		int port = freePort();
		List<RawClient> clients = new ArrayList<>();
		try (RawBackend backend = RawBackend.start(endless)) {
			Process weir = start(directory, log, port, backend);
			try {
				awaitStart(weir, port);
				// no client reads
				for (int i = 0; i < CLIENTS && weir.isAlive(); i++) {
					call(port, clients);
				}
				assertThat(weir.waitFor(60, TimeUnit.SECONDS)).as("it has ended").isTrue();
				assertThat(weir.exitValue()).as(Files.readString(log)).isEqualTo(71);
				assertThat(log).content()
					.contains("Weir exits: it is out of memory.", "of direct buffer memory")
					.doesNotContain("circuit breaker", "No backend served");
			}
			finally {
				weir.destroyForcibly().waitFor();
				clients.forEach(RawClient::close);
			}
		}
	}

	private static Process start(Path directory, Path log, int port, RawBackend backend) throws IOException {
		Path settings = Files.writeString(directory.resolve("application.yml"), """
				server: {port: %d, address: 127.0.0.1}
				weir:
				  pools:
				    openai:
				      backends: [{name: only, url: '%s', api-key: k, dialect: openai}]
				""".formatted(port, backend.url()));
		ProcessBuilder builder = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
				"-XX:MaxDirectMemorySize=4m", "-XX:TieredStopAtLevel=1", WeirApplication.class.getName(),
				"--spring.config.location=file:" + settings)
			.redirectErrorStream(true)
			.redirectOutput(log.toFile());
		builder.environment().put("CLASSPATH", System.getProperty("java.class.path"));
		return builder.start();
	}

	private static void awaitStart(Process weir, int port) throws InterruptedException {
		while (weir.isAlive()) {
			try {
				new Socket("127.0.0.1", port).close();
				return;
			}
			catch (IOException ex) {
				TimeUnit.MILLISECONDS.sleep(100);
			}
		}
	}

	private static void call(int port, List<RawClient> clients) {
		try {
			RawClient client = RawClient.connect(port);
			clients.add(client);
			client.write(RawClient.head("POST /v1/chat/completions", "Content-Type: application/json",
					"Content-Length: " + Bodies.CHAT_STREAM.length()) + Bodies.CHAT_STREAM);
		}
		catch (UncheckedIOException ex) {
			// the process has ended
		}
	}

	private static int freePort() throws IOException {
		try (ServerSocket socket = new ServerSocket(0)) {
			return socket.getLocalPort();
		}
	}

}
