package dev.weir.faults;

import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.stream.IntStream;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.errors.RateLimitException;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import dev.weir.backend.Pool;
import dev.weir.backend.Pools;
import dev.weir.queue.PoolWaitQueues;
import dev.weir.testing.Bodies;
import dev.weir.testing.OpenResources;
import dev.weir.testing.RawBackend;
import dev.weir.testing.RawClient;
import dev.weir.testing.Scripts;
import dev.weir.testing.Signal;
import dev.weir.testing.WeirServer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

/**
 * Clients wait for a backend that serves one request at a time.
 */
class FairQueueFaultTests {

	private static final String CHATS = "/v1/chat/completions";

	private static final String HEAVY = "heavy-key-0123456789";

	private static final String LIGHT = "light-key-0123456789";

	private static final String HIGH = "high-key-0123456789";

	private static final Executor THREADS = (task) -> new Thread(task).start();

	private final Signal respond = new Signal();

	@AutoClose
	private final OpenResources resources = new OpenResources();

	private RawBackend backend;

	private WeirServer weir;

	@BeforeEach
	void start() {
		this.backend = this.resources.backend((call) -> {
			this.respond.await(Duration.ofSeconds(30));
			Scripts.SERVES.run(call);
		});
		this.weir = this.resources.add(WeirServer.start(WeirServer.pool("max-wait: 20s, max-waiting: 10",
				WeirServer.backend("a", this.backend.url(), "max-concurrent: 1")) + """
						  clients:
						    - {name: heavy, key: %s}
						    - {name: light, key: %s}
						    - {name: high, key: %s, priority: high}
						""".formatted(HEAVY, LIGHT, HIGH)));
	}

	@AfterEach
	void finish() {
		for (int i = 0; i < 20; i++) {
			this.respond.send();
		}
	}

	@Test
	void c24OneClientWithMostOfTheLoadDoesNotMakeOthersWait() {
		send(9, HEAVY);
		RawClient light = send(1, LIGHT).get(0);
		await().until(() -> waiting() == 9);
		RawClient high = send(1, HIGH).get(0);
		await().until(() -> waiting() == 10);
		this.respond.send();
		this.respond.send();
		assertThat(high.readReply().status()).isEqualTo(200);
		this.respond.send();
		this.respond.send();
		assertThat(light.readReply().status()).isEqualTo(200);
		assertThat(this.backend.requests().size()).isLessThanOrEqualTo(5);
	}

	@Test
	void c24OneClientCannotTakeAllPlacesOfTheQueue() {
		List<RawClient> heavy = send(11, HEAVY);
		await().until(() -> waiting() == 10);
		RawClient light = send(1, LIGHT).get(0);
		// the last one of the other client gives way
		CompletableFuture
			.anyOf(heavy.stream()
				.map((client) -> CompletableFuture.supplyAsync(() -> client.readUntil(" 429 "), THREADS))
				.toArray(CompletableFuture[]::new))
			.join();
		assertThat(waiting()).isEqualTo(10);
		for (int i = 0; i < 3; i++) {
			this.respond.send();
		}
		assertThat(light.readReply().status()).isEqualTo(200);
	}

	@Test
	void aClientThatLeavesWhileItWaitsIsGoneAtOnce() {
		send(2, HEAVY);
		await().until(() -> waiting() == 1 && this.backend.requests().size() == 1);
		RawClient light = send(1, LIGHT).get(0);
		await().until(() -> waiting() == 2);
		light.close();
		await().atMost(Duration.ofSeconds(1)).until(() -> waiting() == 1);
		assertThat(this.backend.requests()).hasSize(1);
	}

	@ParameterizedTest
	@ValueSource(strings = { "x-stainless-timeout: 0.6", "X-Stainless-Read-Timeout: 0.6" })
	void aWaitEndsBeforeThePatienceOfTheClientDoes(String header) {
		send(1, HEAVY);
		await().until(() -> this.backend.requests().size() == 1);
		long begin = System.nanoTime();
		String[] parts = header.split(": ");
		HttpResponse<String> reply = this.weir.post(CHATS, Bodies.CHAT, "api-key", LIGHT, parts[0], parts[1]);
		assertThat(reply.statusCode()).isEqualTo(429);
		assertThat(Long.parseLong(reply.headers().firstValue("retry-after-ms").orElseThrow())).isPositive();
		assertThat(Duration.ofNanos(System.nanoTime() - begin)).isBetween(Duration.ofMillis(500),
				Duration.ofSeconds(10));
	}

	@Test
	void theSdkForJavaGetsA429AndNotATimeout() {
		send(1, HEAVY);
		await().until(() -> this.backend.requests().size() == 1);
		OpenAIClient sdk = OpenAIOkHttpClient.builder()
			.baseUrl(this.weir.uri("/v1").toString())
			.apiKey(LIGHT)
			.timeout(Duration.ofSeconds(4))
			.maxRetries(0)
			.build();
		this.resources.add(sdk::close);
		assertThat(catchThrowableOfType(RateLimitException.class,
				() -> sdk.chat()
					.completions()
					.create(ChatCompletionCreateParams.builder().model("gpt-4o").addUserMessage("hi").build())))
			.isNotNull();
	}

	private List<RawClient> send(int count, String key) {
		return IntStream.range(0, count)
			.mapToObj((i) -> this.resources
				.add(RawClient.of(this.weir).post(CHATS, Bodies.CHAT, "authorization: Bearer " + key)))
			.toList();
	}

	private int waiting() {
		Pool pool = this.weir.bean(Pools.class).all().iterator().next();
		return this.weir.bean(PoolWaitQueues.class).of(pool).waiting();
	}

}
