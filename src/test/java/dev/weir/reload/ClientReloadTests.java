package dev.weir.reload;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

import dev.weir.testing.Bodies;
import dev.weir.testing.OpenResources;
import dev.weir.testing.RawBackend;
import dev.weir.testing.RawClient;
import dev.weir.testing.RawWebSocket;
import dev.weir.testing.Scripts;
import dev.weir.testing.Signal;
import dev.weir.testing.StreamEvents;
import dev.weir.testing.WeirServer;

import static dev.weir.testing.WeirServer.backend;
import static dev.weir.testing.WeirServer.pool;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * The effect of changed clients: running requests end whole, new ones are judged anew.
 */
@ExtendWith(OutputCaptureExtension.class)
class ClientReloadTests {

	private static final String OLD = "old-key-0123456789";

	private static final String NEW = "new-key-0123456789";

	private final OpenResources resources = new OpenResources();

	private final RawBackend upstream = this.resources.backend(Scripts.SERVES);

	@AfterEach
	void close() {
		this.resources.close();
	}

	private String yaml(String... clients) {
		return pool("", backend("one", this.upstream.url())) + "  clients: [" + String.join(", ", clients) + "]\n";
	}

	private ReloadableWeir start(String yaml) {
		return this.resources.add(ReloadableWeir.start(yaml));
	}

	private static int status(WeirServer weir, String key) {
		return weir.post("/v1/chat/completions", Bodies.CHAT, "api-key", key).statusCode();
	}

	@Test
	void aNewKeyIsAcceptedAtOnceAndARemovedOneRefused(CapturedOutput output) {
		ReloadableWeir weir = start(yaml("{name: chat, key: " + OLD + "}"));
		assertThat(weir.change(yaml("{name: chat, key: [" + OLD + ", " + NEW + "], models: [gpt-4o]}")).problem())
			.isNull();
		assertThat(status(weir.server(), OLD)).isEqualTo(200);
		assertThat(status(weir.server(), NEW)).isEqualTo(200);
		weir.change(
				yaml("{name: chat, key: " + NEW + ", models: [gpt-4o]}", "{name: other, key: other-key-0123456789}"));
		assertThat(status(weir.server(), OLD)).isEqualTo(401);
		assertThat(status(weir.server(), NEW)).isEqualTo(200);
		weir.change(yaml("{name: chat, key: " + NEW + ", models: [gpt-5]}"));
		assertThat(status(weir.server(), NEW)).isEqualTo(403);
		assertThat(output)
			.contains("client chat: key changed; client chat: models none → [gpt-4o]", "client other added",
					"client other removed")
			.doesNotContain(OLD, NEW);
	}

	@Test
	void aChangedLimitTakesEffectAndForgetsNothing() {
		ReloadableWeir weir = start(yaml("{name: chat, key: " + OLD + ", tokens-per-day: 1000}"));
		assertThat(remaining(weir)).isEqualTo("998");
		weir.change(yaml("{name: chat, key: " + OLD + ", tokens-per-day: 500}"));
		assertThat(remaining(weir)).isEqualTo("496");
		weir.change(yaml("{name: chat, key: " + OLD + "}"));
		assertThat(remaining(weir)).isEqualTo("-");
	}

	private static String remaining(ReloadableWeir weir) {
		return weir.server()
			.post("/v1/chat/completions", Bodies.CHAT, "api-key", OLD)
			.headers()
			.firstValue("x-ratelimit-remaining-tokens")
			.orElse("-");
	}

	@Test
	void aStreamWhoseKeyIsRemovedEndsWhole() {
		Signal removed = new Signal();
		this.upstream.script((call) -> {
			call.beginEvents();
			call.chunk(StreamEvents.ROLE + StreamEvents.CONTENT);
			removed.await();
			call.chunk(StreamEvents.FINISH + StreamEvents.DONE);
			call.endChunks();
		});
		ReloadableWeir weir = start(yaml("{name: chat, key: " + OLD + "}"));
		try (RawClient client = RawClient.of(weir.server())) {
			client.post("/v1/chat/completions", Bodies.CHAT.replace("{", "{\"stream\":true,"), "api-key: " + OLD);
			client.readUntil("content");
			weir.change(yaml("{name: chat, key: " + NEW + "}"));
			assertThat(status(weir.server(), OLD)).isEqualTo(401);
			removed.send();
			assertThat(client.readUntil(RawClient.LAST_CHUNK)).contains("[DONE]");
		}
	}

	@Test
	void aKeyThatIsRotatedUnderLoadCostsNoRequest() throws InterruptedException {
		ReloadableWeir weir = start(yaml("{name: chat, key: " + OLD + "}"));
		AtomicReference<String> key = new AtomicReference<>(OLD);
		AtomicBoolean running = new AtomicBoolean(true);
		AtomicInteger served = new AtomicInteger();
		Queue<Integer> failures = new ConcurrentLinkedQueue<>();
		List<Thread> callers = new ArrayList<>();
		for (int i = 0; i < 8; i++) {
			Thread caller = new Thread(() -> {
				WeirServer own = weir.server().onOneConnection();
				while (running.get()) {
					int status = status(own, key.get());
					if (status == 200) {
						served.incrementAndGet();
					}
					else {
						failures.add(status);
					}
				}
			});
			caller.start();
			callers.add(caller);
		}
		for (int round = 0; round < 5; round++) {
			String next = "rotated-key-0123456789-" + round;
			weir.change(yaml("{name: chat, key: [" + key.get() + ", " + next + "]}"));
			int before = served.get();
			key.set(next);
			// each caller has begun a request with the new key
			await().until(() -> served.get() >= before + 50 || !failures.isEmpty());
			weir.change(yaml("{name: chat, key: " + next + "}"));
		}
		running.set(false);
		for (Thread caller : callers) {
			caller.join(10_000);
		}
		System.out.printf("%d requests served while a key was rotated 5 times, %d failed%n", served.get(),
				failures.size());
		assertThat(failures).isEmpty();
	}

	@Test
	void eachMessageOfAWebSocketIsJudgedAnew() {
		this.upstream.script((call) -> {
			RawWebSocket socket = RawWebSocket.accept(call);
			while (true) {
				socket.nextText();
				socket.text("{\"type\":\"response.created\",\"response\":{\"id\":\"resp_1\"}}");
				socket.text("{\"type\":\"response.completed\",\"response\":{\"id\":\"resp_1\"}}");
			}
		});
		ReloadableWeir weir = start(yaml("{name: chat, key: " + OLD + ", models: [gpt-4o]}"));
		try (RawWebSocket socket = RawWebSocket.connect(weir.server(), "/v1/responses", "api-key: " + OLD)) {
			assertThat(socket.reply().status()).isEqualTo(101);
			socket.text("{\"type\":\"response.create\",\"model\":\"gpt-4o\",\"input\":\"a\"}");
			assertThat(socket.nextText()).contains("response.created");
			assertThat(socket.nextText()).contains("response.completed");
			socket.text("{\"type\":\"response.create\",\"model\":\"other\",\"input\":\"a\"}");
			assertThat(socket.nextText()).contains("may not use the model 'other'", "403");
			weir.change(yaml("{name: chat, key: " + NEW + ", models: [gpt-4o]}"));
			socket.text("{\"type\":\"response.create\",\"model\":\"gpt-4o\",\"input\":\"a\"}");
			assertThat(socket.nextText()).contains("The API key is not known", "401");
		}
	}

	@Test
	void theLastClientCannotBeRemovedFromAReachableWeir() throws IOException {
		ReloadableWeir weir = this.resources
			.add(ReloadableWeir.start(yaml("{name: chat, key: " + OLD + "}"), "--server.address=0.0.0.0"));
		assertThat(weir.change(yaml()).problem()).contains("server.address = 0.0.0.0",
				"there are no clients (weir.clients)");
		assertThat(status(weir.server(), OLD)).isEqualTo(200);
		assertThat(status(weir.server(), NEW)).isEqualTo(401);
	}

}
