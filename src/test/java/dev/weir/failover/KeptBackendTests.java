package dev.weir.failover;

import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

import com.jayway.jsonpath.JsonPath;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import dev.weir.testing.Bodies;
import dev.weir.testing.OpenResources;
import dev.weir.testing.RawBackend;
import dev.weir.testing.WeirServer;

import static dev.weir.testing.Scripts.SERVES;
import static dev.weir.testing.Scripts.throttling;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * A backend of the first tier is kept for clients with high priority, another one for
 * those with high and normal.
 */
class KeptBackendTests {

	private static final String CHATS = "/v1/chat/completions";

	private static final String HIGH = "high-key-0123456789";

	private static final String NORMAL = "normal-key-0123456789";

	private static final String LOW = "low-key-0123456789";

	private static final String OPERATOR = "operator-key-0123456789";

	@AutoClose
	private final OpenResources resources = new OpenResources();

	private RawBackend provisioned;

	private RawBackend standard;

	private WeirServer weir;

	@TempDir
	private Path folder;

	@BeforeEach
	void start() throws IOException {
		this.provisioned = this.resources.backend(SERVES);
		this.standard = this.resources.backend(SERVES);
		this.weir = this.resources.add(WeirServer.startFrom(write("[high, normal]"), (context) -> {
		}));
	}

	private Path write(String standardFor) throws IOException {
		return Files.writeString(this.folder.resolve("application.yml"),
				WeirServer.pool("max-wait: 0ms", WeirServer.backend("provisioned", this.provisioned.url(), "for: high"),
						WeirServer.backend("standard", this.standard.url(), "priority: 2", "for: " + standardFor)) + """
								  clients:
								    - {name: production, key: %s, priority: high}
								    - {name: chat, key: %s}
								    - {name: batch, key: %s, priority: low}
								  operators:
								    - {name: ops, key: %s}
								""".formatted(HIGH, NORMAL, LOW, OPERATOR));
	}

	@Test
	void aBackendServesTheClientsThatItIsKeptFor() {
		assertServed(chat(HIGH), "provisioned");
		assertServed(chat(NORMAL), "standard");
	}

	@Test
	void aClientUsesTheOtherBackendsOfItsPriorityWhenThoseOfTheBestTierAreNotFree() {
		this.provisioned.script(throttling("retry-after: 30"));
		assertServed(chat(HIGH), "standard");
	}

	@Test
	void aBackendThatIsKeptForOthersDoesNotTakeOverWhenNoOtherIsFree() {
		this.standard.script(throttling("retry-after: 30"));
		HttpResponse<String> reply = chat(NORMAL);
		assertThat(reply.statusCode()).isEqualTo(429);
		assertThat(reply.body()).contains("The one backend of pool openai");
		assertThat(this.provisioned.requests()).isEmpty();
	}

	@Test
	void aClientWithoutABackendGets403() {
		HttpResponse<String> reply = chat(LOW);
		assertThat(reply.statusCode()).isEqualTo(403);
		assertThat(JsonPath.<String>read(reply.body(), "$.error.code")).isEqualTo("priority_not_allowed");
		assertThat(JsonPath.<String>read(reply.body(), "$.error.message")).isEqualTo(
				"The backends of pool openai that serve the model 'gpt-4o' are kept for other clients than 'batch',"
						+ " which has the priority low.");
		assertThat(this.provisioned.requests()).isEmpty();
		assertThat(this.standard.requests()).isEmpty();
	}

	@Test
	void aListOfModelsHasThoseThatABackendServesForTheClient() {
		try (RawBackend one = RawBackend.start(SERVES);
				WeirServer some = WeirServer.start(WeirServer.pool("",
						WeirServer.backend("a", one.url(), "for: high", "models: {fast: fast, both: both}"),
						WeirServer.backend("b", one.url(), "models: {slow: slow, both: both}")) + """
								  clients:
								    - {name: production, key: %s, priority: high}
								    - {name: batch, key: %s, priority: low}
								""".formatted(HIGH, LOW))) {
			assertThat(models(some, HIGH)).containsExactlyInAnyOrder("fast", "slow", "both");
			assertThat(models(some, LOW)).containsExactlyInAnyOrder("slow", "both");
			assertThat(some.get("/v1/models/fast", "api-key", HIGH).statusCode()).isEqualTo(200);
			assertThat(some.get("/v1/models/fast", "api-key", LOW).statusCode()).isEqualTo(404);
		}
	}

	private static List<String> models(WeirServer server, String key) {
		return JsonPath.read(server.get("/v1/models", "api-key", key).body(), "$.data[*].id");
	}

	@Test
	void theActuatorShowsForWhomABackendIsKept() {
		String report = this.weir.get("/actuator/backends", "authorization", "Bearer " + OPERATOR).body();
		assertThat(JsonPath.<List<String>>read(report, "$.pools[0].backends[0].for")).containsExactly("high");
		assertThat(JsonPath.<List<String>>read(report, "$.pools[0].backends[1].for")).containsExactly("high", "normal");
	}

	@Test
	void aReloadChangesForWhomABackendIsKept() throws IOException {
		assertThat(chat(LOW).statusCode()).isEqualTo(403);
		write("[high, normal, low]");
		await().atMost(Duration.ofSeconds(20)).until(() -> chat(LOW).statusCode() == 200);
	}

	private HttpResponse<String> chat(String key) {
		return this.weir.post(CHATS, Bodies.CHAT, "api-key", key);
	}

	private static void assertServed(HttpResponse<String> reply, String backend) {
		assertThat(reply.statusCode()).isEqualTo(200);
		assertThat(reply.headers().firstValue("x-weir-backend")).hasValue(backend);
	}

}
