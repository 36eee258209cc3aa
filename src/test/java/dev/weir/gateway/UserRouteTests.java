package dev.weir.gateway;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;

import com.github.tomakehurst.wiremock.client.WireMock;
import com.github.tomakehurst.wiremock.verification.LoggedRequest;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import org.springframework.cloud.gateway.event.RefreshRoutesResultEvent;

import dev.weir.testing.Bodies;
import dev.weir.testing.RawClient;
import dev.weir.testing.RawReply;
import dev.weir.testing.WeirServer;
import dev.weir.config.Secret;
import dev.weir.backend.Tier;
import dev.weir.testing.PoolsYaml;
import dev.weir.testing.MockBackend;

import static dev.weir.testing.PoolsYaml.backend;
import static dev.weir.testing.SampleCall.utf8;
import static org.assertj.core.api.Assertions.assertThat;

/**
 * Spring Cloud Gateway's own filters and predicates on routes to pools, and routes that
 * lead to no pool.
 */
class UserRouteTests {

	private static final byte[] CHAT = utf8(Bodies.CHAT);

	private static MockBackend first;

	private static MockBackend second;

	private static MockBackend plain;

	private static WeirServer weir;

	@BeforeAll
	static void start() {
		first = MockBackend.start();
		second = MockBackend.start();
		plain = MockBackend.start();
		weir = WeirServer
			.start(new PoolsYaml().route(route("added", "first", "AddRequestHeader=X-Team, blue", "StripPrefix=1"))
				.route(route("secret", "first", "AddRequestHeader=X-Secret, s", "AddRequestHeader=Authorization, s",
						"StripPrefix=1"))
				.route(route("removed", "first", "StripPrefix=1", "RemoveRequestHeader=X-Team"))
				.route(route("response", "first", "StripPrefix=1", "AddResponseHeader=X-Added, yes",
						"RemoveResponseHeader=x-ms-region", "SetResponseHeader=X-Set, new"))
				.route(route("status", "first", "StripPrefix=1", "SetStatus=202"))
				.route(route("strip", "first", "StripPrefix=2"))
				.route(route("prefix", "first", "StripPrefix=1", "PrefixPath=/openai/deployments/gpt-4o"))
				.route(route("rewritten", "first", "RewritePath=/rewritten/(?<rest>.*), /openai/v1/$\\{rest}"))
				.route(route("parameter", "first", "StripPrefix=1", "AddRequestParameter=api-version, preview"))
				.route("{id: header, uri: 'lb://second', predicates: ['Path=/v1/**', 'Header=X-Tier, gold|silver']}")
				.route("{id: query, uri: 'lb://second', predicates: ['Path=/v1/**', 'Query=tier, gold']}")
				.route("{id: heavy, uri: 'lb://first', predicates: ['Path=/weighed/**', 'Weight=group, 50'],"
						+ " filters: [StripPrefix=1]}")
				.route("{id: light, uri: 'lb://second', predicates: ['Path=/weighed/**', 'Weight=group, 50'],"
						+ " filters: [StripPrefix=1]}")
				.route("{id: plain, uri: '" + plain.url() + "', predicates: ['Path=/plain/**'],"
						+ " filters: ['AddRequestHeader=X-Team, blue']}")
				.pool("first", "forward-headers: [x-team]",
						backend("first", "azure", first.url(), "models: {gpt-4o: on-first}"))
				.pool("second", "", backend("second", "openai", second.url(), "models: {gpt-4o: on-second}"))
				.route("{id: rest, uri: 'lb://first', predicates: ['Path=/v1/**']}")
				.toString());
	}

	private static String route(String id, String pool, String... filters) {
		return "{id: " + id + ", uri: 'lb://" + pool + "', predicates: ['Path=/" + id + "/**'], filters: ['"
				+ String.join("', '", filters) + "']}";
	}

	@AfterAll
	static void stop() {
		weir.close();
		first.close();
		second.close();
		plain.close();
	}

	@BeforeEach
	void forget() {
		first.serves();
		second.serves();
		plain.serves();
	}

	@Test
	void theNumberOfPoolsDoesNotDecideHowOftenRoutesAreBuilt() {
		AtomicInteger builds = new AtomicInteger();
		PoolsYaml yaml = new PoolsYaml();
		for (int i = 0; i < 10; i++) {
			yaml.pool("pool-" + i, "", backend("b" + i, "openai", first.url()));
		}
		try (WeirServer many = WeirServer.start((context) -> context.addApplicationListener((event) -> {
			if (event instanceof RefreshRoutesResultEvent) {
				builds.incrementAndGet();
			}
		}), yaml.toString())) {
			assertThat(many.get("/actuator/health").statusCode()).isEqualTo(200);
		}
		assertThat(builds.get()).isLessThan(5);
	}

	@Test
	void aHeaderThatARouteAddsReachesABackendIfThePoolForwardsIt() {
		chat("/added/v1/chat/completions");
		assertThat(first.onlyCall().getHeader("x-team")).isEqualTo("blue");
	}

	@Test
	void aHeaderThatARouteAddsDoesNotReachABackendOtherwise() {
		chat("/secret/v1/chat/completions");
		assertThat(first.onlyCall().containsHeader("x-secret")).isFalse();
		assertThat(first.onlyCall().containsHeader("authorization")).isFalse();
		assertThat(first.onlyCall().getHeader("api-key")).isEqualTo("key-of-first");
	}

	@Test
	void aRouteMayRemoveAHeader() {
		chat("/removed/v1/chat/completions", "X-Team: red");
		assertThat(first.onlyCall().containsHeader("x-team")).isFalse();
	}

	@Test
	void aRouteMayChangeTheHeadersOfTheReply() {
		first.respondsWith(WireMock.okJson(Bodies.COMPLETION)
			.withHeader("x-ms-region", "East US")
			.withHeader("x-set", "old")
			.withHeader("x-request-id", "r-1"));
		RawReply response = chat("/response/v1/chat/completions");
		assertThat(response.headers().get("x-added")).containsExactly("yes");
		assertThat(response.headers().get("x-set")).containsExactly("new");
		assertThat(response.headers().get("x-request-id")).containsExactly("r-1");
		assertThat(response.headers()).doesNotContainKey("x-ms-region");
		assertThat(response.text()).isEqualTo(Bodies.COMPLETION);
	}

	@Test
	void aRouteMayChangeTheHeadersOfAnErrorReplyToo() {
		first.respondsWith(WireMock.badRequest().withHeader("x-ms-region", "East US").withBody(Bodies.CONTENT_FILTER));
		RawReply response = post("/response/v1/chat/completions");
		assertThat(response.status()).isEqualTo(400);
		assertThat(response.headers().get("x-added")).containsExactly("yes");
		assertThat(response.headers()).doesNotContainKey("x-ms-region");
		assertThat(response.text()).isEqualTo(Bodies.CONTENT_FILTER);
	}

	@Test
	void aRouteMaySetTheStatus() {
		RawReply response = post("/status/v1/chat/completions");
		assertThat(response.status()).isEqualTo(202);
		assertThat(response.text()).isEqualTo(Bodies.COMPLETION);
	}

	@Test
	void theDialectIsReadAfterARouteStrippedAPrefix() {
		chat("/strip/team%20a/openai/deployments/gpt-4o/chat/completions?api-version=v");
		assertThat(first.onlyCall().getUrl()).isEqualTo("/openai/deployments/on-first/chat/completions?api-version=v");
	}

	@Test
	void aRouteMayAddAPrefixToThePath() {
		chat("/prefix/chat/completions?api-version=v");
		assertThat(first.onlyCall().getUrl()).isEqualTo("/openai/deployments/on-first/chat/completions?api-version=v");
	}

	@Test
	void theDialectIsReadAfterARouteRewroteThePath() {
		chat("/rewritten/chat/completions");
		assertThat(first.onlyCall().getUrl()).isEqualTo("/openai/v1/chat/completions");
		assertThat(first.onlyCall().getBodyAsString()).isEqualTo(Bodies.CHAT.replace("gpt-4o", "on-first"));
	}

	@Test
	void aParameterThatARouteAddsReachesTheBackend() {
		chat("/parameter/openai/v1/chat/completions?x=%2B");
		assertThat(first.onlyCall().getUrl()).isEqualTo("/openai/v1/chat/completions?x=%2B&api-version=preview");
	}

	@Test
	void twoRoutesLeadToTwoPoolsByAHeaderOrAParameter() {
		chat("/v1/chat/completions", "X-Tier: gold");
		chat("/v1/chat/completions?tier=gold");
		chat("/v1/chat/completions", "X-Tier: none");
		assertThat(second.calls()).hasSize(2)
			.allSatisfy((call) -> assertThat(call.getHeader("authorization")).isEqualTo("Bearer key-of-second"))
			.allSatisfy((call) -> assertThat(call.getBodyAsString()).contains("on-second"));
		assertThat(first.onlyCall().getHeader("api-key")).isEqualTo("key-of-first");
		assertThat(first.onlyCall().getBodyAsString()).contains("on-first");
	}

	@Test
	void weightsSpreadRequestsOverTwoPools() {
		Set<String> backends = new HashSet<>();
		// the probability that all 200 requests go to one pool is 2^-199
		for (int i = 0; i < 200 && backends.size() < 2; i++) {
			backends.add(chat("/weighed/v1/chat/completions").header("x-weir-backend"));
		}
		assertThat(backends).containsExactlyInAnyOrder("first", "second");
	}

	@Test
	void aRouteToNoPoolIsHandledBySpringCloudGatewayOnly() {
		RawReply response = RawClient.exchange(weir.port(), "POST /plain/v1/chat/completions?a=%2B&b",
				utf8("not json {"), "Authorization: Bearer of-the-client", "Cookie: a=b", "X-Custom: 1",
				"Content-Type: application/json");
		assertThat(response.status()).isEqualTo(200);
		assertThat(response.text()).isEqualTo(Bodies.COMPLETION);
		assertThat(response.headers()).doesNotContainKeys("x-weir-backend", "x-weir-attempts");
		LoggedRequest request = plain.onlyCall();
		assertThat(request.getUrl()).isEqualTo("/plain/v1/chat/completions?a=%2B&b");
		assertThat(request.getBodyAsString()).isEqualTo("not json {");
		assertThat(request.getHeader("x-team")).isEqualTo("blue");
		assertThat(request.getHeader("x-custom")).isEqualTo("1");
		assertThat(request.getHeader("cookie")).isEqualTo("a=b");
		assertThat(request.header("authorization").values()).isEqualTo(List.of("Bearer of-the-client"));
		assertThat(request.containsHeader("api-key")).isFalse();
	}

	@Test
	void aRouteToNoPoolIsNotRetriedAndItsErrorsPass() {
		plain.respondsWith(WireMock.aResponse().withStatus(429).withHeader("retry-after", "7").withBody("slow down"));
		RawReply response = RawClient.exchange(weir.port(), "GET /plain/models", new byte[0]);
		assertThat(response.status()).isEqualTo(429);
		assertThat(response.header("retry-after")).isEqualTo("7");
		assertThat(response.text()).isEqualTo("slow down");
		assertThat(plain.onlyCall().getHeaders().keys()).noneMatch((name) -> name.equalsIgnoreCase("api-key"));
	}

	private static RawReply chat(String target, String... headers) {
		RawReply response = post(target, headers);
		assertThat(response.status()).as(response.text()).isEqualTo(200);
		return response;
	}

	private static RawReply post(String target, String... headers) {
		List<String> all = new java.util.ArrayList<>(List.of(headers));
		all.add("Content-Type: application/json");
		return RawClient.exchange(weir.port(), "POST " + target, CHAT, all.toArray(String[]::new));
	}

}
