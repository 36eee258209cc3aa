package dev.weir.balance;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;

import org.junit.jupiter.api.Test;

import org.springframework.cloud.client.ServiceInstance;
import org.springframework.cloud.client.loadbalancer.DefaultRequest;
import org.springframework.cloud.client.loadbalancer.Request;
import org.springframework.cloud.client.loadbalancer.RequestData;
import org.springframework.cloud.client.loadbalancer.RequestDataContext;
import org.springframework.cloud.client.loadbalancer.Response;
import org.springframework.cloud.loadbalancer.core.ReactorServiceInstanceLoadBalancer;
import org.springframework.http.HttpMethod;
import org.springframework.util.LinkedMultiValueMap;

import dev.weir.backend.Lane;
import dev.weir.backend.Outcome;
import dev.weir.backend.TimeLimit;
import dev.weir.backend.Pool;
import dev.weir.backend.Pools;
import dev.weir.config.BackendProperties;
import dev.weir.testing.VirtualTime;
import dev.weir.testing.TestPools;
import dev.weir.request.RequestContext;
import dev.weir.testing.TestRequests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.mockito.Mockito.mock;

class LaneLoadBalancerTests {

	private final VirtualTime time = new VirtualTime();

	@Test
	void theStrategyOfThePoolPicks() {
		Pool pool = TestPools.pool(this.time, Map.of("strategy", "least-busy"), TestPools.backend("a"),
				TestPools.backend("b"));
		IntStream.range(0, 100).forEach((i) -> begin(pool).failover().tryBegin(pool.lanes("gpt-4o").get(0)));
		assertThat(chooseMany(pool)).isEqualTo(Map.of("b", 100));
	}

	@Test
	void onlyLanesOfTheBestTierArePicked() {
		Pool pool = pool(TestPools.backend("payg", "priority=2"), TestPools.backend("ptu"),
				TestPools.backend("spare", "priority=3"));
		assertThat(chooseMany(pool)).containsOnlyKeys("ptu");
	}

	@Test
	void theNextTierIsUsedIfNoLaneOfTheFirstIsAvailable() {
		Pool pool = pool(TestPools.backend("payg", "priority=2"), TestPools.backend("ptu"),
				TestPools.backend("spare", "priority=3"));
		throttle(pool, "ptu", Duration.ofSeconds(5));
		assertThat(chooseMany(pool)).containsOnlyKeys("payg");
		this.time.advance(Duration.ofSeconds(5));
		assertThat(choose(balancer(new Random(7)), begin(pool))).isEqualTo("ptu");
	}

	@Test
	void aBackendThatBrokeAResponseIsPickedAfterTheOthersOfItsTierForFiveSeconds() {
		Pool pool = pool(TestPools.backend("a", "weight=50"), TestPools.backend("b"),
				TestPools.backend("c", "priority=2"));
		breakResponse(pool, "a");
		assertThat(chooseMany(pool)).isEqualTo(Map.of("b", 100));
		this.time.advance(Duration.ofMillis(4999));
		assertThat(chooseMany(pool)).isEqualTo(Map.of("b", 100));
		this.time.advance(Duration.ofMillis(1));
		assertThat(chooseMany(pool)).containsKey("a");
	}

	@Test
	void aBackendThatFailedBeforeItsResponseBeganKeepsItsShare() {
		Pool pool = pool(TestPools.backend("a", "weight=50"), TestPools.backend("b"));
		RequestContext request = begin(pool);
		request.failover().tryBegin(pool.lanes("gpt-4o").get(0));
		request.failover()
			.attempts()
			.end(Outcome.Failed.silence(new TimeLimit("response-timeout", Duration.ofSeconds(1))));
		assertThat(chooseMany(pool)).containsKey("a");
	}

	@Test
	void aBackendThatBrokeAResponseIsPickedIfItsTierHasNoOther() {
		Pool pool = pool(TestPools.backend("a"), TestPools.backend("b"), TestPools.backend("c", "priority=2"));
		breakResponse(pool, "a");
		breakResponse(pool, "b");
		assertThat(chooseMany(pool)).containsOnlyKeys("a", "b");
		throttle(pool, "b", Duration.ofSeconds(4));
		assertThat(chooseMany(pool)).isEqualTo(Map.of("a", 100));
	}

	@Test
	void aBrokenResponseOfOneModelCountsForAllModelsOfTheBackend() {
		Pool pool = pool(TestPools.backend("a", "weight=50"), TestPools.backend("b"));
		RequestContext request = TestRequests.begin(pool, pool.lanes("o3"), this.time);
		request.failover().tryBegin(pool.lanes("o3").get(0));
		request.failover().attempts().end(new Outcome.Broken());
		assertThat(chooseMany(pool)).isEqualTo(Map.of("b", 100));
	}

	@Test
	void anotherLoadBalancerGetsNoBackendThatBrokeAResponseIfThereAreOthers() {
		Pool pool = pool(TestPools.backend("a"), TestPools.backend("b"), TestPools.backend("c", "priority=2"));
		breakResponse(pool, "a");
		assertThat(supplied(pool, begin(pool))).containsExactly("b");
		throttle(pool, "b", Duration.ofSeconds(4));
		assertThat(supplied(pool, begin(pool))).containsExactly("a");
	}

	private void breakResponse(Pool pool, String backend) {
		RequestContext request = begin(pool);
		pool.lanes("gpt-4o")
			.stream()
			.filter((lane) -> lane.backend().name().equals(backend))
			.forEach((lane) -> assertThat(request.failover().tryBegin(lane)).isTrue());
		request.failover().attempts().end(new Outcome.Broken());
	}

	@Test
	void noLaneIsPickedTwiceInARequest() {
		Pool pool = pool(TestPools.backend("a"), TestPools.backend("b"), TestPools.backend("c"));
		ReactorServiceInstanceLoadBalancer balancer = balancer(new Random(1));
		RequestContext request = begin(pool);
		assertThat(List.of(choose(balancer, request), choose(balancer, request), choose(balancer, request)))
			.containsExactlyInAnyOrder("a", "b", "c");
		assertThat(choose(balancer, request)).isEqualTo("none");
	}

	@Test
	void theNextTierIsUsedIfTheFirstIsFull() {
		Pool pool = pool(TestPools.backend("payg", "priority=2"), TestPools.backend("ptu", "max-concurrent=30"));
		assertThat(chooseMany(pool)).isEqualTo(Map.of("ptu", 30, "payg", 70));
	}

	@Test
	void afterACooldownOneRequestIsSentAndTheOthersGoToTheNextTier() {
		Pool pool = pool(TestPools.backend("payg", "priority=2"), TestPools.backend("ptu"));
		throttle(pool, "ptu", Duration.ofSeconds(5));
		this.time.advance(Duration.ofSeconds(5));
		assertThat(chooseMany(pool)).isEqualTo(Map.of("ptu", 1, "payg", 99));
	}

	@Test
	void noLaneIsPickedIfAllAreInCooldown() {
		Pool pool = pool(TestPools.backend("a"), TestPools.backend("b"));
		throttle(pool, "a", Duration.ofSeconds(5));
		throttle(pool, "b", Duration.ofSeconds(5));
		assertThat(choose(balancer(new Random(1)), begin(pool))).isEqualTo("none");
	}

	@Test
	void anotherLaneIsPickedIfAHalfOpenBreakerHasEnoughProbes() {
		Pool pool = pool(TestPools.backend("a"), TestPools.backend("b", "priority=2"));
		Lane lane = pool.lanes("gpt-4o").get(0);
		lane.backend().breaker().transitionToOpenState();
		lane.backend().breaker().transitionToHalfOpenState();
		Map<String, Integer> picks = new HashMap<>();
		ReactorServiceInstanceLoadBalancer balancer = balancer(new Random(7));
		for (int i = 0; i < 100; i++) {
			picks.merge(choose(balancer, begin(pool)), 1, Integer::sum);
			// longer than the ramp waits, which would let fewer through
			this.time.advance(Duration.ofSeconds(1));
		}
		assertThat(picks).isEqualTo(Map.of("a", 10, "b", 90));
	}

	@Test
	void anotherLoadBalancerGetsOnlyCandidates() {
		Pool pool = pool(TestPools.backend("payg", "priority=2"), TestPools.backend("ptu"),
				TestPools.backend("throttled"), TestPools.backend("tried"));
		throttle(pool, "throttled", Duration.ofSeconds(5));
		RequestContext request = begin(pool);
		request.failover().tryBegin(pool.lanes("gpt-4o").get(3));
		assertThat(supplied(pool, request)).containsExactly("ptu");
		throttle(pool, "ptu", Duration.ofSeconds(5));
		assertThat(supplied(pool, request)).containsExactly("payg");
		throttle(pool, "payg", Duration.ofSeconds(5));
		assertThat(supplied(pool, request)).isEmpty();
	}

	private static List<String> supplied(Pool pool, RequestContext request) {
		return new PoolLanesSupplier(pool.name(), mock(Pools.class)).get(request(request))
			.single()
			.block(Duration.ofSeconds(5))
			.stream()
			.map((lane) -> ((Lane) lane).backend().name())
			.toList();
	}

	private Pool pool(BackendProperties... backends) {
		return TestPools.pool(this.time, backends);
	}

	private RequestContext begin(Pool pool) {
		return TestRequests.begin(pool, pool.lanes("gpt-4o"), this.time);
	}

	private void throttle(Pool pool, String backend, Duration delay) {
		Lane lane = pool.lanes("gpt-4o").stream().filter((it) -> it.backend().name().equals(backend)).findFirst().get();
		RequestContext request = begin(pool);
		request.failover().tryBegin(lane);
		request.failover().attempts().end(new Outcome.Throttled(delay));
	}

	private Map<String, Integer> chooseMany(Pool pool) {
		ReactorServiceInstanceLoadBalancer balancer = balancer(new Random(7));
		Map<String, Integer> picks = new HashMap<>();
		for (int i = 0; i < 100; i++) {
			picks.merge(choose(balancer, begin(pool)), 1, Integer::sum);
		}
		return picks;
	}

	private static String choose(ReactorServiceInstanceLoadBalancer balancer, RequestContext request) {
		Response<ServiceInstance> response = balancer.choose(request(request)).block(Duration.ofSeconds(5));
		assertThat(response).isNotNull();
		return response.hasServer() ? ((Lane) response.getServer()).backend().name() : "none";
	}

	private static Request<?> request(RequestContext request) {
		return new DefaultRequest<>(
				new RequestDataContext(new RequestData(HttpMethod.POST, java.net.URI.create("http://x/"), null,
						new LinkedMultiValueMap<>(), Map.of(RequestContext.class.getName(), request))));
	}

	private static ReactorServiceInstanceLoadBalancer balancer(RandomGenerator random) {
		return new WeirLoadBalancerConfiguration().laneLoadBalancer(random);
	}

}
