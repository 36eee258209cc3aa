package dev.weir.balance;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.IntStream;

import com.github.benmanes.caffeine.cache.Ticker;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import dev.weir.backend.Outcome;
import dev.weir.backend.Pool;
import dev.weir.backend.RequestTraits;
import dev.weir.config.BackendProperties;
import dev.weir.config.BalancingStrategy;
import dev.weir.testing.Allocation;
import dev.weir.testing.TestPools;
import dev.weir.request.RequestContext;
import dev.weir.testing.TestRequests;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Bytes that a choice of a lane allocates, with the attempt on it: they do not depend on
 * the number of backends.
 */
@Tag("cost")
class ChoiceCostTests {

	private static final int BOUND = 1_100;

	@ParameterizedTest
	@EnumSource
	void aChoiceAllocatesTheSameForAnyNumberOfBackends(BalancingStrategy strategy) {
		assertThat(List.of(cost(pool(3, strategy)), cost(pool(30, strategy)), cost(pool(300, strategy))))
			.allSatisfy((bytes) -> assertThat(bytes).isLessThan(BOUND));
	}

	@ParameterizedTest
	@EnumSource
	void aChoiceOfTheOnlyAvailableLaneAllocatesTheSameForAnyNumberOfBackends(BalancingStrategy strategy) {
		assertThat(List.of(3, 30, 300)).allSatisfy((backends) -> {
			Pool pool = pool(backends, strategy);
			pool.backends().stream().skip(1).forEach((backend) -> backend.breaker().transitionToForcedOpenState());
			assertThat(cost(pool)).isLessThan(BOUND);
		});
	}

	private static long cost(Pool pool) {
		LaneLoadBalancer balancer = new LaneLoadBalancer(() -> ThreadLocalRandom.current().nextLong());
		// one context for all, because parsing the call of each is not measured
		RequestContext request = TestRequests.begin(pool, pool.lanes("gpt-4o"), Ticker.systemTicker());
		return Allocation.of(2000, () -> choose(request, balancer));
	}

	private static void choose(RequestContext request, LaneLoadBalancer balancer) {
		request.beginFailover(request.pool().lanes("gpt-4o"), RequestTraits.UNKNOWN);
		balancer.choose(request.failover());
		request.failover().attempts().end(new Outcome.Served(200));
	}

	private static Pool pool(int backends, BalancingStrategy strategy) {
		return TestPools.pool(Ticker.systemTicker(), Map.of("strategy", strategy.name()),
				IntStream.range(0, backends)
					.mapToObj((i) -> TestPools.backend("b" + i))
					.toArray(BackendProperties[]::new));
	}

}
