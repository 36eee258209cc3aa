package dev.weir.faults;

import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

import dev.weir.testing.Bodies;
import dev.weir.testing.LaneFigures;
import dev.weir.testing.LaneCooldown;
import dev.weir.testing.RawClient;
import dev.weir.testing.Stands;
import dev.weir.testing.Stands.Stand;

import static dev.weir.testing.ReplyAssertions.assertServedBy;
import static dev.weir.testing.Scripts.SERVES;
import static dev.weir.testing.Scripts.throttling;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Row B17: all lanes are in a cooldown, and requests wait for the first free one, or do
 * not.
 */
class WaitingFaultTests {

	private static final String CHAT = "/v1/chat/completions";

	private static final Executor THREADS = (task) -> new Thread(task).start();

	private static Stands patient;

	private static Stands impatient;

	@BeforeAll
	static void startWeir() {
		patient = Stands.start(10, "max-wait: 5s, max-waiting: 2");
		impatient = Stands.start(2, "max-wait: 0ms");
	}

	@AfterAll
	static void stopWeir() throws InterruptedException {
		patient.close();
		impatient.close();
	}

	@Test
	void b17ARequestWaitsForALaneThatIsFreeInTime() {
		Stand stand = patient.next(throttling("retry-after-ms: 500"), throttling("retry-after-ms: 30000"));
		AtomicLong refused = new AtomicLong();
		AtomicLong called = new AtomicLong();
		stand.first().script((call) -> {
			refused.set(System.nanoTime());
			throttling("retry-after-ms: 500").run(call);
		});
		assertThat(stand.chat().statusCode()).isEqualTo(429);
		stand.first().script((call) -> {
			called.set(System.nanoTime());
			SERVES.run(call);
		});
		HttpResponse<String> response = stand.chat();
		assertServedBy(response, stand.firstName(), 1);
		assertThat(Duration.ofNanos(called.get() - refused.get())).isBetween(Duration.ofMillis(500),
				Duration.ofSeconds(4));
		assertThat(stand.first().requests()).hasSize(2);
		assertThat(stand.second().requests()).hasSize(1);
		stand.awaitFirst(new LaneFigures(0, 2, 1, 0, 0));
	}

	@Test
	void b17IfNoLaneIsFreeInTimeA429IsSentAtOnceWithTheShortestCooldown() {
		Stand stand = patient.next(throttling("retry-after-ms: 50000"), throttling("retry-after-ms: 20000"));
		assertThat(stand.chat().statusCode()).isEqualTo(429);
		long begin = System.nanoTime();
		HttpResponse<String> response = stand.chat();
		assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(4));
		assertExhausted(response, 15_000, 20_000);
		assertThat(stand.first().requests()).hasSize(1);
		assertThat(stand.second().requests()).hasSize(1);
	}

	@Test
	void b17MoreThanMayWaitGetA429AtOnceAndTheOthersAreServed() {
		Stand stand = patient.next(throttling("retry-after-ms: 2000"), throttling("retry-after-ms: 30000"));
		assertThat(stand.chat().statusCode()).isEqualTo(429);
		stand.first().script(SERVES);
		List<CompletableFuture<HttpResponse<String>>> calls = IntStream.range(0, 6)
			.mapToObj((i) -> CompletableFuture.supplyAsync(stand::chat, THREADS))
			.toList();
		List<HttpResponse<String>> refused = calls.stream()
			.map(CompletableFuture::join)
			.filter((response) -> response.statusCode() != 200)
			.toList();
		assertThat(refused).hasSize(4).allSatisfy((response) -> assertExhausted(response, 1, 2000));
		assertThat(stand.first().requests()).hasSize(3);
		assertThat(stand.second().requests()).hasSize(1);
		assertServedBy(stand.chat(), stand.firstName(), 1);
	}

	@Test
	void b17AClientThatLeavesFreesItsPlaceInTheQueue() {
		Stand stand = patient.next(throttling("retry-after-ms: 3000"), throttling("retry-after-ms: 30000"));
		assertThat(stand.chat().statusCode()).isEqualTo(429);
		stand.first().script(SERVES);
		List<RawClient> clients = List.of(stand.send(CHAT, Bodies.CHAT), stand.send(CHAT, Bodies.CHAT),
				stand.send(CHAT, Bodies.CHAT));
		// when one of them is refused, the others are waiting
		CompletableFuture
			.anyOf(clients.stream()
				.map((client) -> CompletableFuture.supplyAsync(() -> client.readUntil(" 429 "), THREADS))
				.toArray(CompletableFuture[]::new))
			.join();
		clients.forEach(RawClient::close);
		AtomicBoolean coolingDown = new AtomicBoolean();
		await().atMost(Duration.ofSeconds(10)).until(() -> {
			coolingDown.set(!LaneCooldown.of(stand.weir(), stand.firstName()).isZero());
			return stand.chat().statusCode() == 200;
		});
		assertThat(coolingDown).as("a request that arrived before the end of the cooldown found a place").isTrue();
		// clients that left caused no call
		assertThat(stand.first().requests()).hasSize(2);
		stand.awaitFirst(new LaneFigures(0, 2, 1, 0, 0));
	}

	@Test
	void b17RequestsThatWaitForOneModelDoNotDelayAnother() {
		String other = "{\"model\":\"o3\",\"messages\":[]}";
		Stand stand = patient.next(
				(call) -> throttling("retry-after-ms: " + (call.request().contains("o3") ? 30_000 : 2500)).run(call),
				throttling("retry-after-ms: 30000"));
		assertThat(stand.chat().statusCode()).isEqualTo(429);
		assertThat(stand.post(CHAT, other).statusCode()).isEqualTo(429);
		stand.first().script(SERVES);
		CompletableFuture<HttpResponse<String>> waiting = CompletableFuture.supplyAsync(stand::chat);
		while (!waiting.isDone()) {
			long begin = System.nanoTime();
			assertExhausted(stand.post(CHAT, other), 20_000, 30_000);
			assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(2));
		}
		assertServedBy(waiting.join(), stand.firstName(), 1);
		assertServedBy(stand.post(CHAT, "{\"model\":\"free\",\"messages\":[]}"), stand.firstName(), 1);
	}

	@Test
	void b17WithoutAWaitA429IsSentAtOnceEvenForAShortCooldown() {
		Stand stand = impatient.next(throttling("retry-after-ms: 500"), throttling("retry-after-ms: 500"));
		assertThat(stand.chat().statusCode()).isEqualTo(429);
		HttpResponse<String> response = stand.chat();
		assertExhausted(response, 1, 500);
		assertThat(stand.first().requests()).hasSize(1);
		assertThat(stand.second().requests()).hasSize(1);
		stand.first().script(SERVES);
		await().atMost(Duration.ofSeconds(5)).until(() -> stand.chat().statusCode() == 200);
	}

	private static void assertExhausted(HttpResponse<String> response, int least, int most) {
		assertThat(response.statusCode()).isEqualTo(429);
		assertThat(response.headers().firstValue("x-weir-attempts")).hasValue("0");
		int millis = Integer.parseInt(response.headers().firstValue("retry-after-ms").orElse(""));
		int seconds = Integer.parseInt(response.headers().firstValue("retry-after").orElse(""));
		assertThat(millis).isBetween(least, most);
		assertThat(seconds).isEqualTo((millis + 999) / 1000);
		assertThat(response.body()).contains("\"code\":\"rate_limit_exceeded\"", "\"type\":\"requests\"");
		assertThat(response.headers().map() + response.body()).doesNotContain("key-of-");
	}

}
