package dev.weir.shared;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.data.redis.connection.ReactiveRedisConnectionFactory;

import dev.weir.client.limit.LimitLeases;
import dev.weir.testing.Bodies;
import dev.weir.testing.ClosedPort;
import dev.weir.testing.OpenResources;
import dev.weir.testing.RawBackend;
import dev.weir.testing.Scripts;
import dev.weir.testing.WeirServer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * The two places of the state.
 */
@ExtendWith(OutputCaptureExtension.class)
class StateStoreTests {

	@Test
	void withTheStateInMemoryNothingOfRedisExistsAndAChangeNeedsARestart(@TempDir Path folder, CapturedOutput output)
			throws IOException {
		try (OpenResources resources = new OpenResources()) {
			RawBackend backend = resources.backend(Scripts.SERVES);
			Path file = folder.resolve("application.yml");
			String pool = WeirServer.pool("", WeirServer.backend("a", backend.url()));
			Files.writeString(file, pool);
			WeirServer weir = resources.add(WeirServer.startFrom(file, (context) -> {
			}));
			assertThat(weir.beans(ReactiveRedisConnectionFactory.class)).isEmpty();
			assertThat(weir.beans(LimitLeases.class)).isEmpty();
			assertThat(weir.beans(SharedPart.class)).isEmpty();
			assertThat(weir.get("/actuator/health").body()).doesNotContain("redis");
			Files.writeString(file, pool + "  state: redis\n");
			await().until(() -> output.getAll().contains("take effect when Weir is started again: weir.state"));
			assertThat(weir.chat().statusCode()).isEqualTo(200);
		}
	}

	@Test
	void aWeirStartsAndServesWithoutRedis(CapturedOutput output) throws IOException {
		try (OpenResources resources = new OpenResources()) {
			RawBackend backend = resources.backend(Scripts.SERVES);
			ClosedPort closed = resources.add(ClosedPort.hold());
			WeirServer weir = resources.add(WeirServer.start(
					WeirServer.pool("", WeirServer.backend("a", backend.url()))
							+ "  clients:\n    - {name: a, key: a-key-0123456789abcd, requests-per-minute: 2}\n",
					"--weir.state=redis", "--spring.data.redis.port=" + closed.url().getPort(),
					"--spring.data.redis.password=password-of-redis",
					"--management.endpoints.access.default=unrestricted", "--weir.operators[0].name=ops",
					"--weir.operators[0].key=ops-key-0123456789abcd"));
			String[] key = { "content-type", "application/json", "api-key", "a-key-0123456789abcd" };
			assertThat(weir.post("/v1/chat/completions", Bodies.CHAT, key).statusCode()).isEqualTo(200);
			assertThat(weir.post("/v1/chat/completions", Bodies.CHAT, key).statusCode()).isEqualTo(200);
			assertThat(weir.post("/v1/chat/completions", Bodies.CHAT, key).statusCode()).isEqualTo(429);
			String health = weir.get("/actuator/health", "authorization", "Bearer ops-key-0123456789abcd").body();
			assertThat(health).contains("NOT_SHARED").startsWith("{").contains("\"status\":\"UP\"");
			assertThat(weir.get("/actuator/health", "authorization", "Bearer ops-key-0123456789abcd").statusCode())
				.isEqualTo(200);
			assertThat(weir.get("/actuator/health/readiness").statusCode()).isEqualTo(200);
			assertThat(output.getAll().split("Redis does not respond", -1)).hasSize(2);
			assertThat(output.getAll()).doesNotContain("password-of-redis");
			assertThat(health).doesNotContain("password-of-redis");
		}
	}

}
