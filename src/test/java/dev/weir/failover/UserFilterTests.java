package dev.weir.failover;

import java.net.http.HttpResponse;
import java.time.Duration;

import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;

import dev.weir.testing.Bodies;
import dev.weir.testing.ClosedPort;
import dev.weir.testing.OpenResources;
import dev.weir.testing.RawBackend;
import dev.weir.testing.WeirServer;

import static dev.weir.testing.ReplyAssertions.header;
import static dev.weir.testing.Scripts.SERVES;
import static dev.weir.testing.Scripts.responding;
import static dev.weir.testing.Scripts.throttling;
import static dev.weir.testing.WeirServer.backend;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Filters and metadata of a user's route, and failover behind them.
 */
class UserFilterTests {

	@AutoClose
	private final OpenResources open = new OpenResources();

	@Test
	void aRetryFilterAfterAReplyOfWeirLeavesNoTraceOfIt() {
		RawBackend only = this.open.backend(throttling("retry-after-ms: 1"));
		WeirServer weir = this.open.add(WeirServer.start("""
				spring.cloud.gateway.server.webflux.routes:
				  - id: r
				    uri: lb://openai
				    predicates: ['Path=/v1/**']
				    filters: [{name: Retry, args: {retries: 3, statuses: TOO_MANY_REQUESTS, methods: GET,
				      backoff: {firstBackoff: 50ms, maxBackoff: 50ms, factor: 1, basedOnPreviousValue: false}}}]
				""" + WeirServer.pool("", backend("a", only.url()))));
		only.script((call) -> {
			if (only.requests().size() == 1) {
				call.respond("429 Too Many Requests", Bodies.AZURE_THROTTLED, "retry-after-ms: 1");
			}
			else {
				call.write("HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ntransfer-encoding: chunked\r\n\r\n");
				call.chunk("whole");
				call.endChunks();
			}
		});
		HttpResponse<String> response = weir.get("/v1/files");
		assertThat(response.statusCode()).isEqualTo(200);
		assertThat(response.body()).isEqualTo("whole");
		assertThat(response.headers().allValues("content-type")).containsExactly("text/plain");
		assertThat(response.headers().firstValue("retry-after")).isEmpty();
		assertThat(response.headers().firstValue("content-length")).isEmpty();
	}

	@Test
	void aRetryFilterKeepsTheHeadersThatAnotherFilterHasSet() {
		RawBackend only = this.open.backend(SERVES);
		only.script((call) -> {
			if (only.requests().size() == 1) {
				call.respond("429 Too Many Requests", Bodies.AZURE_THROTTLED, "retry-after-ms: 1");
			}
			else {
				call.respond("200 OK", Bodies.COMPLETION);
			}
		});
		WeirServer weir = this.open.add(WeirServer.start("""
				spring.cloud.gateway.server.webflux.routes:
				  - id: r
				    uri: lb://openai
				    predicates: ['Path=/v1/**']
				    metadata: {cors: {allowedOrigins: '*', allowedMethods: '*'}}
				    filters: [{name: Retry, args: {retries: 3, statuses: TOO_MANY_REQUESTS, methods: POST,
				      backoff: {firstBackoff: 50ms, maxBackoff: 50ms, factor: 1, basedOnPreviousValue: false}}}]
				""" + WeirServer.pool("max-wait: 0", backend("a", only.url()))));
		HttpResponse<String> response = weir.post("/v1/chat/completions", Bodies.CHAT, "origin", "https://app.example");
		assertThat(response.statusCode()).isEqualTo(200);
		assertThat(only.requests()).hasSize(2);
		assertThat(header(response, "access-control-allow-origin")).isEqualTo("*");
		assertThat(header(response, "retry-after")).isEmpty();
	}

	@Test
	void aTimeoutThatARouteSetsDoesNotSwitchFailoverOff() {
		RawBackend first = this.open.backend(RawBackend.Call::awaitClose);
		RawBackend second = this.open.backend(SERVES);
		WeirServer weir = this.open.add(WeirServer.start("""
				spring.cloud.gateway.server.webflux.routes:
				  - {id: r, uri: 'lb://openai', predicates: ['Path=/v1/**'], metadata: {response-timeout: 100}}
				""" + WeirServer.pool("response-timeout: 300ms", backend("a", first.url()),
				backend("b", second.url(), "priority: 2"))));
		assertThat(weir.chat().statusCode()).isEqualTo(200);
	}

	@Test
	void aFilterOfTheUserSeesRepliesOfWeirToo() {
		WeirServer weir = this.open.add(WeirServer.start("""
				spring.cloud.gateway.server.webflux.routes:
				  - {id: r, uri: 'lb://openai', predicates: ['Path=/v1/**'], filters: ['AddResponseHeader=x-own, yes']}
				""" + WeirServer.pool("", backend("a", this.open.add(ClosedPort.hold()).url()))));
		HttpResponse<String> response = weir.chat();
		assertThat(response.statusCode()).isEqualTo(502);
		assertThat(header(response, "x-own")).isEqualTo("yes");
	}

	@Test
	void aRetryFilterOfTheUserLosesNothing() {
		RawBackend only = this.open.backend(responding("400 Bad Request", Bodies.CONTENT_FILTER));
		WeirServer weir = this.open.add(WeirServer.start("""
				spring.cloud.gateway.server.webflux.routes:
				  - id: r
				    uri: lb://openai
				    predicates: ['Path=/v1/**']
				    filters: [{name: Retry, args: {retries: 2, statuses: BAD_REQUEST, methods: GET}}]
				""" + WeirServer.pool("", backend("a", only.url()))));
		assertThat(weir.get("/v1/files").statusCode()).isEqualTo(400);
		assertThat(only.requests()).hasSize(3);
		await().atMost(Duration.ofSeconds(5))
			.untilAsserted(() -> assertThat(weir.get("/actuator/backends").body()).contains("\"inFlight\":0"));
	}

}
