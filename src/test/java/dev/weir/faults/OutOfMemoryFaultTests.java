package dev.weir.faults;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import dev.weir.testing.Bodies;
import dev.weir.testing.RawBackend;
import dev.weir.testing.RawClient;
import dev.weir.testing.WeirProcess;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * A process that runs out of memory.
 */
@Tag("soak")
@Timeout(300)
class OutOfMemoryFaultTests {

	private static final int CLIENTS = 400;

	@Test
	void w07AProcessWithoutDirectMemoryEndsAndNoBackendFails(@TempDir Path directory) throws IOException {
		String event = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"" + "x".repeat(4000) + "\"}}]}\n\n";
		RawBackend.Script endless = (call) -> {
			call.beginEvents();
			while (true) {
				call.chunk(event);
			}
		};
		List<RawClient> clients = new ArrayList<>();
		try (RawBackend backend = RawBackend.start(endless); WeirProcess weir = WeirProcess.start(directory, """
				weir:
				  pools:
				    openai:
				      backends: [{name: only, url: '%s', api-key: k, dialect: openai}]
				""".formatted(backend.url()), "-XX:MaxDirectMemorySize=4m", "-XX:TieredStopAtLevel=1")) {
			// no client reads
			for (int i = 0; i < CLIENTS && weir.isAlive(); i++) {
				call(weir.port(), clients);
			}
			assertThat(weir.awaitExit()).as(Files.readString(weir.log())).isEqualTo(71);
			assertThat(weir.log()).content()
				.contains("Weir exits: it is out of memory.", "of direct buffer memory")
				.doesNotContain("circuit breaker", "No backend served");
		}
		finally {
			clients.forEach(RawClient::close);
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

}
