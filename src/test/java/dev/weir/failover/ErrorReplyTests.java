package dev.weir.failover;

import java.net.URI;
import java.net.http.HttpResponse;

import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import dev.weir.testing.Bodies;
import dev.weir.testing.ClosedPort;
import dev.weir.testing.OpenResources;
import dev.weir.testing.RawBackend;
import dev.weir.testing.Stands;
import dev.weir.testing.Stands.Stand;
import dev.weir.testing.WeirServer;

import static dev.weir.testing.ReplyAssertions.header;
import static dev.weir.testing.Scripts.SERVES;
import static dev.weir.testing.Scripts.responding;
import static dev.weir.testing.Scripts.throttling;
import static dev.weir.testing.WeirServer.backend;
import static org.assertj.core.api.Assertions.assertThat;

/**
 * The reply to a request that no backend has served.
 */
class ErrorReplyTests {

	private static Stands stands;

	@AutoClose
	private final OpenResources open = new OpenResources();

	@BeforeAll
	static void startWeir() {
		stands = Stands.start(5);
	}

	@AfterAll
	static void stopWeir() {
		stands.close();
	}

	@Test
	void theDeadlineBoundsAllAttempts() {
		RawBackend first = this.open.backend(RawBackend.Call::awaitClose);
		RawBackend second = this.open.backend(RawBackend.Call::awaitClose);
		WeirServer weir = weir("deadline: 300ms, response-timeout: 250ms", backend("a", first.url()),
				backend("b", second.url()));
		HttpResponse<String> response = weir.chat();
		assertThat(response.statusCode()).isEqualTo(504);
		assertThat(response.body()).contains("\"code\":\"timeout\"")
			.contains("There was no response within 300 ms (weir.pools.openai.deadline).");
	}

	@Test
	void theOnlyBackendDenyingAccessIsAnErrorOfWeir() {
		RawBackend only = this.open.backend(responding("401 Unauthorized", "{\"error\":{\"message\":\"wrong key\"}}"));
		WeirServer weir = weir("", backend("a", only.url()));
		HttpResponse<String> response = weir.chat();
		assertThat(response.statusCode()).isEqualTo(502);
		assertThat(response.body()).contains("backend_denied").doesNotContain("wrong key");
		assertThat(weir.chat().statusCode()).isEqualTo(502);
		assertThat(only.requests()).hasSize(1);
	}

	@ParameterizedTest
	@ValueSource(strings = { "400 Bad Request", "404 Not Found", "413 Content Too Large", "422 Unprocessable Content" })
	void anErrorAboutTheRequestIsRelayedUnchanged(String status) {
		Stand stand = stands.next(responding(status, Bodies.CONTENT_FILTER, "x-request-id: abc"), SERVES);
		HttpResponse<String> response = stand.chat();
		assertThat(status).startsWith(String.valueOf(response.statusCode()));
		assertThat(response.body()).isEqualTo(Bodies.CONTENT_FILTER);
		assertThat(header(response, "x-request-id")).isEqualTo("abc");
		assertThat(header(response, "x-weir-attempts")).isEqualTo("1");
		assertThat(stand.second().requests()).isEmpty();
	}

	@Test
	void aRelayedErrorNamesItsBackendAndADelay() {
		RawBackend first = this.open.backend(responding("500 Internal Server Error", "{}", "retry-after: 86400"));
		WeirServer weir = weir("", backend("a", first.url()), backend("b", closedPort(), "priority: 2"));
		HttpResponse<String> response = weir.chat();
		assertThat(response.statusCode()).isEqualTo(500);
		assertThat(header(response, "x-weir-backend")).isEqualTo("a");
		assertThat(header(response, "retry-after")).isEqualTo("1");
	}

	@Test
	void ifAllLanesAreInCooldownTheReplyNamesTheShortestOne() {
		Stand stand = stands.next(throttling("retry-after: 20"), throttling("retry-after: 50"));
		HttpResponse<String> response = stand.chat();
		assertThat(response.statusCode()).isEqualTo(429);
		assertThat(header(response, "x-weir-attempts")).isEqualTo("2");
		response = stand.chat();
		assertThat(response.statusCode()).isEqualTo(429);
		assertThat(header(response, "x-weir-attempts")).isEqualTo("0");
		assertThat(header(response, "content-type")).isEqualTo("application/json");
		assertThat(Integer.parseInt(header(response, "retry-after"))).isBetween(15, 20);
		assertThat(Integer.parseInt(header(response, "retry-after-ms"))).isBetween(15_000, 20_000);
		assertThat(response.body()).contains("\"type\":\"requests\"", "\"code\":\"rate_limit_exceeded\"",
				"All 2 backends of pool " + stand.name() + " that serve gpt-4o are at the limit");
		assertThat(stand.first().requests()).hasSize(1);
		assertThat(stand.second().requests()).hasSize(1);
	}

	@Test
	void ifAllBackendsFailTheLastErrorIsRelayed() {
		RawBackend first = this.open
			.backend(responding("500 Internal Server Error", "{\"error\":{\"message\":\"boom\"}}"));
		URI closed = closedPort();
		WeirServer weir = weir("", backend("a", first.url()), backend("b", closed, "priority: 2"));
		HttpResponse<String> response = weir.chat();
		assertThat(response.statusCode()).isEqualTo(500);
		assertThat(response.body()).isEqualTo("{\"error\":{\"message\":\"boom\"}}");
		assertThat(header(response, "x-weir-attempts")).isEqualTo("2");
	}

	@Test
	void ifNoBackendCanBeReachedTheReplyIsABadGateway() {
		WeirServer weir = weir("", backend("a", closedPort()), backend("b", closedPort()));
		HttpResponse<String> response = weir.chat();
		assertThat(response.statusCode()).isEqualTo(502);
		assertThat(response.body()).contains("2 backends of pool openai were tried", "bad_gateway");
	}

	private WeirServer weir(String settings, String... backends) {
		return this.open.add(WeirServer.start(WeirServer.pool(settings, backends)));
	}

	private URI closedPort() {
		return this.open.add(ClosedPort.hold()).url();
	}

}
