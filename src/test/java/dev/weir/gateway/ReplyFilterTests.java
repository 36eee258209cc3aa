package dev.weir.gateway;

import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;

import org.springframework.cloud.gateway.route.Route;
import org.springframework.cloud.gateway.support.ServerWebExchangeUtils;
import org.springframework.http.HttpStatus;
import org.springframework.mock.http.server.reactive.MockServerHttpRequest;
import org.springframework.mock.web.server.MockServerWebExchange;

import dev.weir.backend.Pools;
import dev.weir.request.RequestContext;
import dev.weir.request.RequestListener;
import dev.weir.request.RequestSummary;
import dev.weir.testing.TestPools;
import dev.weir.testing.TestRequests;
import dev.weir.testing.VirtualTime;

import static org.assertj.core.api.Assertions.assertThat;

class ReplyFilterTests {

	private final VirtualTime time = new VirtualTime();

	private final Pools pools = TestPools.pools(this.time, Map.of(), TestPools.backend("a"));

	private final MockServerWebExchange exchange = MockServerWebExchange.from(MockServerHttpRequest.get("/v1/models"));

	private final List<Integer> ends = new ArrayList<>();

	@Test
	void aRequestWithoutAReplyEndsWhenTheServerCommitsTheResponse() {
		filter(Mono.empty()).block();
		assertThat(this.ends).isEmpty();
		this.exchange.getResponse().setComplete().block();
		assertThat(this.ends).containsExactly(200);
	}

	@Test
	void aRequestWhoseErrorAnotherFilterHandlesEndsOnceWithTheStatusOfThatFilter() {
		filter(Mono.error(new IllegalStateException("failed"))).onErrorComplete().block();
		this.exchange.getResponse().setStatusCode(HttpStatus.CONFLICT);
		this.exchange.getResponse().setComplete().block();
		assertThat(this.ends).containsExactly(409);
	}

	@Test
	void aRequestThatAFilterHasAnsweredEndsWithItsStatus() {
		this.exchange.getResponse().setStatusCode(HttpStatus.UNAUTHORIZED);
		filter(Mono.defer(() -> this.exchange.getResponse().setComplete())).block();
		assertThat(this.ends).containsExactly(401);
	}

	private Mono<Void> filter(Mono<Void> others) {
		RequestContext context = new RequestContext("test-1", TestRequests.DIRECT, this.time,
				List.of(new RequestListener() {

					@Override
					public void onEnd(RequestContext ended, RequestSummary summary) {
						ReplyFilterTests.this.ends.add(summary.status());
					}

				}));
		context.store(this.exchange);
		context.startLookup(this.pools.current());
		Route route = Route.async().id("openai").uri(URI.create("lb://openai")).predicate((it) -> true).build();
		this.exchange.getAttributes().put(ServerWebExchangeUtils.GATEWAY_ROUTE_ATTR, route);
		return new ReplyFilter().filter(this.exchange, (it) -> others);
	}

}
