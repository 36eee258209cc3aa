package dev.weir.balance;

import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.IntStream;

import com.github.benmanes.caffeine.cache.Ticker;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import dev.weir.backend.Attempts;
import dev.weir.backend.Outcome;
import dev.weir.backend.Pool;
import dev.weir.config.BackendProperties;
import dev.weir.config.BalancingStrategy;
import dev.weir.testing.Allocation;
import dev.weir.testing.TestPools;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What choosing a lane allocates, with the attempt on it and its end: the same for 3
 * backends and 300.
 */
@Tag("cost")
class ChoiceCostTests {

	@ParameterizedTest
	@ValueSource(ints = { 3, 300 })
	void choosingALaneTakesNothingInProportionToTheBackends(int backends) {
		Pool pool = pool(backends);
		LaneLoadBalancer balancer = new LaneLoadBalancer(
				Strategy.of(BalancingStrategy.LEAST_BUSY, () -> ThreadLocalRandom.current().nextLong()));
		assertThat(Allocation.of(2000, () -> choose(pool, balancer))).isLessThan(2_000);
	}

	@ParameterizedTest
	@ValueSource(ints = { 3, 300 })
	void norDoesFindingTheLastThatIsFree(int backends) {
		Pool pool = pool(backends);
		LaneLoadBalancer balancer = new LaneLoadBalancer(
				Strategy.of(BalancingStrategy.WEIGHTED, () -> ThreadLocalRandom.current().nextLong()));
		pool.backends().stream().skip(1).forEach((backend) -> backend.breaker().transitionToForcedOpenState());
		assertThat(Allocation.of(2000, () -> choose(pool, balancer))).isLessThan(2_000);
	}

	private static void choose(Pool pool, LaneLoadBalancer balancer) {
		Attempts attempts = new Attempts(pool, pool.lanes("gpt-4o"), Ticker.systemTicker());
		balancer.choose(attempts);
		attempts.end(new Outcome.Served(200));
	}

	private static Pool pool(int backends) {
		return TestPools.pool(Ticker.systemTicker(),
				IntStream.range(0, backends)
					.mapToObj((i) -> TestPools.backend("b" + i))
					.toArray(BackendProperties[]::new));
	}

}
