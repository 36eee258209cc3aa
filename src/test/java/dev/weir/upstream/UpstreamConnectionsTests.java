package dev.weir.upstream;

import java.net.URI;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;

import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import reactor.netty.http.client.HttpClient;
import reactor.netty.http.client.HttpClientConfig;

import org.springframework.cloud.gateway.config.HttpClientProperties;

import dev.weir.testing.OpenResources;
import dev.weir.testing.RawBackend;
import dev.weir.testing.WeirServer;

import static dev.weir.testing.Scripts.SERVES;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * The number of connections to a backend, and the requests that wait for one.
 */
class UpstreamConnectionsTests {

	private static final String HTTP_CLIENT = "--spring.cloud.gateway.server.webflux.httpclient.";

	@AutoClose
	private final OpenResources open = new OpenResources();

	@Test
	void aConnectionThatIsFreeAgainServesTheOneThatWaits() throws InterruptedException {
		CountDownLatch called = new CountDownLatch(1);
		CountDownLatch go = new CountDownLatch(1);
		RawBackend first = this.open.add(RawBackend.start((call) -> {
			called.countDown();
			go.await(5, TimeUnit.SECONDS);
			SERVES.run(call);
		}));
		RawBackend second = this.open.backend(SERVES);
		WeirServer weir = weir(first, second, "max-connections=1", "acquire-timeout=5000");
		List<CompletableFuture<HttpResponse<String>>> calls = call(weir, 2);
		assertThat(called.await(5, TimeUnit.SECONDS)).isTrue();
		awaitInFlight(weir, 2);
		go.countDown();
		assertThat(calls.stream().map(CompletableFuture::join)).extracting(HttpResponse::statusCode).containsOnly(200);
		assertThat(first.requests()).hasSize(2);
		assertThat(first.connections()).isEqualTo(1);
		assertThat(second.requests()).isEmpty();
	}

	@Test
	void noMoreRequestsWaitThanThereMayBeConnections() throws InterruptedException {
		CountDownLatch go = new CountDownLatch(1);
		RawBackend first = this.open.add(RawBackend.start((call) -> {
			go.await(10, TimeUnit.SECONDS);
			SERVES.run(call);
		}));
		RawBackend second = this.open.backend(SERVES);
		WeirServer weir = weir(first, second, "max-connections=2", "acquire-timeout=10000");
		// one after the other: the pool counts requests as waiting until it has begun to
		// connect for them
		List<CompletableFuture<HttpResponse<String>>> held = new ArrayList<>();
		for (int i = 1; i <= 4; i++) {
			held.addAll(call(weir, 1));
			awaitInFlight(weir, i);
		}
		assertThat(weir.chat().headers().firstValue("x-weir-backend")).contains("b");
		assertThat(second.requests()).hasSize(1);
		go.countDown();
		assertThat(held.stream().map(CompletableFuture::join)).extracting(HttpResponse::statusCode).containsOnly(200);
		assertThat(first.requests()).hasSize(4);
		assertThat(first.connections()).isEqualTo(2);
	}

	@Test
	void aRequestThatWaitsTooLongForAConnectionGoesToTheNextLane() throws InterruptedException {
		CountDownLatch called = new CountDownLatch(1);
		CountDownLatch go = new CountDownLatch(1);
		RawBackend first = this.open.add(RawBackend.start((call) -> {
			called.countDown();
			go.await(10, TimeUnit.SECONDS);
			SERVES.run(call);
		}));
		RawBackend second = this.open.backend(SERVES);
		WeirServer weir = weir(first, second, "max-connections=1", "acquire-timeout=50");
		List<CompletableFuture<HttpResponse<String>>> held = call(weir, 1);
		assertThat(called.await(5, TimeUnit.SECONDS)).isTrue();
		assertThat(weir.chat().headers().firstValue("x-weir-backend")).contains("b");
		go.countDown();
		assertThat(held.get(0).join().statusCode()).isEqualTo(200);
	}

	@Test
	void theGatewaysTypesOfPoolCanStillBeChosen() {
		RawBackend first = this.open.backend(SERVES);
		WeirServer weir = weir(first, this.open.backend(SERVES), "type=disabled");
		IntStream.range(0, 3).forEach((i) -> assertThat(weir.chat().statusCode()).isEqualTo(200));
		assertThat(first.connections()).isEqualTo(3);
	}

	@Test
	void connectionsAreLimitedInNumberAndAge() {
		RawBackend first = this.open.backend(SERVES);
		WeirServer weir = weir(first, this.open.backend(SERVES));
		HttpClientProperties.Pool pool = weir.beans(HttpClientProperties.class).values().iterator().next().getPool();
		assertThat(pool.getMaxConnections()).isEqualTo(10_000);
		assertThat(pool.getMaxIdleTime()).isLessThan(Duration.ofMinutes(4));
		assertThat(pool.getMaxLifeTime()).isEqualTo(Duration.ofMinutes(5));
		HttpClientConfig client = weir.beans(HttpClient.class).values().iterator().next().configuration();
		assertThat(client.connectionProvider().maxConnections()).isEqualTo(10_000);
		assertThat(client.isRetryDisabled()).isTrue();
		assertThat(client.followRedirectPredicate()).isNull();
		assertThat(client.getNameResolverProvider().cacheMaxTimeToLive()).isEqualTo(NameResolution.MAX_TIME_TO_LIVE);
		assertThat(client.getNameResolverProvider().cacheNegativeTimeToLive())
			.isEqualTo(NameResolution.NEGATIVE_TIME_TO_LIVE);
		assertThat(client.getNameResolverProvider().queryTimeout()).isEqualTo(NameResolution.QUERY_TIMEOUT);
	}

	@Test
	void theProxyResolvesNamesIfThereIsOne() {
		RawBackend proxy = this.open.backend(SERVES);
		WeirServer weir = this.open.add(WeirServer.start(
				WeirServer.pool("", WeirServer.backend("a", URI.create("http://only.the.proxy.knows.test"))),
				HTTP_CLIENT + "proxy.host=127.0.0.1", HTTP_CLIENT + "proxy.port=" + proxy.url().getPort()));
		weir.chat();
		assertThat(proxy.requests().get(0)).startsWith("CONNECT only.the.proxy.knows.test:80");
	}

	private WeirServer weir(RawBackend first, RawBackend second, String... pool) {
		String[] arguments = Arrays.stream(pool)
			.map((setting) -> HTTP_CLIENT + "pool." + setting)
			.toArray(String[]::new);
		return this.open.add(WeirServer.start(WeirServer.pool("", WeirServer.backend("a", first.url()),
				WeirServer.backend("b", second.url(), "priority: 2")), arguments));
	}

	private List<CompletableFuture<HttpResponse<String>>> call(WeirServer weir, int number) {
		ExecutorService callers = Executors.newFixedThreadPool(number);
		this.open.add(callers::shutdownNow);
		return IntStream.range(0, number).mapToObj((i) -> CompletableFuture.supplyAsync(weir::chat, callers)).toList();
	}

	private static void awaitInFlight(WeirServer weir, int number) {
		await().until(() -> weir.get("/actuator/backends/a").body().contains("\"inFlight\":" + number));
	}

}
