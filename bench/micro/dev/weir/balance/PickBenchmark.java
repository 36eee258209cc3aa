package dev.weir.balance;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.IntStream;

import com.github.benmanes.caffeine.cache.Ticker;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

import dev.weir.backend.Lane;
import dev.weir.backend.Lanes;
import dev.weir.backend.Pool;
import dev.weir.backend.Tier;
import dev.weir.config.BackendProperties;
import dev.weir.config.BalancingStrategy;
import dev.weir.request.Candidates;
import dev.weir.testing.TestPools;
import dev.weir.testing.TestRequests;

/**
 * Picking a lane, once per attempt.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class PickBenchmark {

	@Param({ "3", "30", "300" })
	private int backends;

	@Param({ "WEIGHTED", "LEAST_BUSY" })
	private BalancingStrategy strategy;

	private Strategy picks;

	private Tier tier;

	private Candidates candidates;

	@Setup
	public void make() {
		Pool pool = TestPools.pool(Ticker.systemTicker(),
				IntStream.range(0, this.backends)
					.mapToObj((i) -> TestPools.backend("b" + i))
					.toArray(BackendProperties[]::new));
		Lanes lanes = pool.lanes("gpt-4o");
		this.tier = lanes.tiers().get(0);
		this.candidates = TestRequests.begin(pool, lanes, Ticker.systemTicker()).failover().candidates();
		this.picks = Strategy.of(this.strategy, () -> ThreadLocalRandom.current().nextLong());
	}

	@Benchmark
	public Lane pick() {
		return this.picks.pick(this.tier, this.candidates::contains);
	}

}
