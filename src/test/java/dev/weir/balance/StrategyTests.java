package dev.weir.balance;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.function.ToLongFunction;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import dev.weir.backend.Attempt;
import dev.weir.backend.Lane;
import dev.weir.backend.Outcome;
import dev.weir.backend.Pool;
import dev.weir.backend.Tier;
import dev.weir.config.BackendProperties;
import dev.weir.config.BalancingStrategy;
import dev.weir.testing.VirtualTime;
import dev.weir.testing.TestPools;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

/**
 * How each strategy distributes requests. Random numbers are seeded; four standard
 * deviations of a share of 100,000 picks are below 0.7 %.
 */
class StrategyTests {

	private static final int PICKS = 100_000;

	private static final double TOLERANCE = 0.007;

	// for simulations, in which picks depend on earlier picks
	private static final double SIMULATION_TOLERANCE = 0.02;

	private final VirtualTime time = new VirtualTime();

	@ParameterizedTest
	@EnumSource
	void theOnlyLaneIsPickedAtOnce(BalancingStrategy setting) {
		Tier lanes = lanes(TestPools.backend("a"));
		RandomGenerator zero = () -> 0;
		assertThat(Strategy.of(setting, zero).pick(lanes, (lane) -> true)).isSameAs(lanes.get(0));
	}

	@ParameterizedTest
	@EnumSource
	void idleLanesOfTheSameWeightGetTheSameShare(BalancingStrategy setting) {
		Map<String, Double> shares = draw(setting,
				lanes(TestPools.backend("a"), TestPools.backend("b"), TestPools.backend("c"), TestPools.backend("d")));
		assertThat(shares).hasSize(4).allSatisfy((name, share) -> assertThat(share).isCloseTo(0.25, within(TOLERANCE)));
	}

	@ParameterizedTest
	@EnumSource
	void idleLanesGetSharesByTheirWeights(BalancingStrategy setting) {
		Map<String, Double> shares = draw(setting,
				lanes(TestPools.backend("a"), TestPools.backend("b", "weight=2"), TestPools.backend("c", "weight=7")));
		assertThat(shares.get("a")).isCloseTo(0.1, within(TOLERANCE));
		assertThat(shares.get("b")).isCloseTo(0.2, within(TOLERANCE));
		assertThat(shares.get("c")).isCloseTo(0.7, within(TOLERANCE));
	}

	@Test
	void leastBusyGivesEachLaneAShareInProportionToItsThroughput() {
		Map<String, Double> shares = simulate(BalancingStrategy.LEAST_BUSY,
				lanes(TestPools.backend("slow"), TestPools.backend("medium"), TestPools.backend("quick")),
				(lane) -> Map.of("slow", 400L, "medium", 200L, "quick", 100L).get(name(lane)));
		assertThat(shares.get("slow")).isCloseTo(1 / 7.0, within(SIMULATION_TOLERANCE));
		assertThat(shares.get("medium")).isCloseTo(2 / 7.0, within(SIMULATION_TOLERANCE));
		assertThat(shares.get("quick")).isCloseTo(4 / 7.0, within(SIMULATION_TOLERANCE));
	}

	@Test
	void leastBusyGivesALaneOfThreefoldWeightThreeTimesTheRequests() {
		Map<String, Double> shares = simulate(BalancingStrategy.LEAST_BUSY,
				lanes(TestPools.backend("light"), TestPools.backend("heavy", "weight=3")), (lane) -> 100);
		assertThat(shares.get("light")).isCloseTo(0.25, within(SIMULATION_TOLERANCE));
		assertThat(shares.get("heavy")).isCloseTo(0.75, within(SIMULATION_TOLERANCE));
	}

	@Test
	void leastBusyGivesAHeavyLaneAmongManyLightOnesItsShare() {
		BackendProperties[] backends = IntStream.range(0, 10)
			.mapToObj((i) -> (i == 0) ? TestPools.backend("heavy", "weight=9") : TestPools.backend("light" + i))
			.toArray(BackendProperties[]::new);
		assertThat(simulate(BalancingStrategy.LEAST_BUSY, lanes(backends), (lane) -> 100).get("heavy")).isCloseTo(0.5,
				within(SIMULATION_TOLERANCE));
	}

	@Test
	void fastestPrefersAFasterLaneUntilItHasMoreRequestsInFlight() {
		Map<String, Double> shares = simulate(BalancingStrategy.FASTEST,
				lanes(TestPools.backend("one"), TestPools.backend("two")),
				(lane) -> name(lane).equals("one") ? 100 : 200);
		// latency × in flight is the same on both where requests are
		// in proportion to one over the square of latency
		assertThat(shares.get("one")).isCloseTo(0.8, within(SIMULATION_TOLERANCE));
	}

	@Test
	void fastestRanksThreeLanesByTheirLatency() {
		Map<String, Double> shares = simulate(BalancingStrategy.FASTEST,
				lanes(TestPools.backend("one"), TestPools.backend("two"), TestPools.backend("four")),
				(lane) -> Map.of("one", 100L, "two", 200L, "four", 400L).get(name(lane)));
		// the best of three is drawn in two thirds of the picks
		assertThat(shares.get("one")).isCloseTo(2 / 3.0, within(SIMULATION_TOLERANCE));
		assertThat(shares.get("two")).isBetween(0.2, 0.3);
		assertThat(shares.get("four")).isBetween(0.03, 0.13);
	}

	@Test
	void fastestSendsOneRequestToALaneWithoutAKnownLatency() {
		Tier lanes = lanes(TestPools.backend("a"), TestPools.backend("b"), TestPools.backend("new"));
		lanes.subList(0, 2).forEach((lane) -> serve(lane, Duration.ofMillis(100)));
		Strategy strategy = strategy(BalancingStrategy.FASTEST);
		Map<String, Integer> picks = new HashMap<>();
		for (int i = 0; i < 30; i++) {
			Lane lane = strategy.pick(lanes, (it) -> true);
			begin(lane);
			picks.merge(name(lane), 1, Integer::sum);
		}
		assertThat(picks.get("new")).isEqualTo(1);
	}

	@Test
	void fastestAvoidsASlowLaneAndUsesItAgainAfterItRecovered() {
		Tier lanes = lanes(TestPools.backend("steady"), TestPools.backend("unsteady"));
		Simulation simulation = new Simulation(strategy(BalancingStrategy.FASTEST), lanes);
		ToLongFunction<Lane> slow = (lane) -> name(lane).equals("unsteady") ? 5000 : 100;
		assertThat(simulation.run(PICKS, slow).get("unsteady")).isLessThan(0.01);
		simulation.run(60_000, (lane) -> 100);
		assertThat(simulation.run(PICKS, (lane) -> 100).get("unsteady")).isCloseTo(0.5, within(SIMULATION_TOLERANCE));
	}

	@Test
	void mostHeadroomPrefersAKnownFreeLaneAndAvoidsAKnownExhaustedLane() {
		Tier lanes = lanes(TestPools.backend("free"), TestPools.backend("unknown"), TestPools.backend("used"));
		reportQuota(lanes.get(0), "90");
		reportQuota(lanes.get(2), "10");
		Map<String, Double> shares = draw(BalancingStrategy.MOST_HEADROOM, lanes);
		// each is drawn in two thirds of the picks
		assertThat(shares.get("free")).isCloseTo(2 / 3.0, within(TOLERANCE));
		assertThat(shares.get("unknown")).isCloseTo(1 / 3.0, within(TOLERANCE));
		assertThat(shares).doesNotContainKey("used");
	}

	@Test
	void mostHeadroomUsesALaneAgainAfterItsLimitWasReset() {
		Tier lanes = lanes(TestPools.backend("a"), TestPools.backend("used"));
		reportQuota(lanes.get(1), "10");
		assertThat(draw(BalancingStrategy.MOST_HEADROOM, lanes)).containsOnlyKeys("a");
		this.time.advance(Duration.ofSeconds(60));
		assertThat(draw(BalancingStrategy.MOST_HEADROOM, lanes).get("used")).isCloseTo(0.5, within(TOLERANCE));
	}

	private static Map<String, Double> draw(BalancingStrategy setting, Tier lanes) {
		Strategy strategy = strategy(setting);
		Map<String, Integer> picks = new HashMap<>();
		for (int i = 0; i < PICKS; i++) {
			picks.merge(name(strategy.pick(lanes, (lane) -> true)), 1, Integer::sum);
		}
		return shares(picks, PICKS);
	}

	private Map<String, Double> simulate(BalancingStrategy setting, Tier lanes, ToLongFunction<Lane> millis) {
		return new Simulation(strategy(setting), lanes).run(PICKS, millis);
	}

	private static Map<String, Double> shares(Map<String, Integer> picks, int total) {
		Map<String, Double> shares = new HashMap<>();
		picks.forEach((name, count) -> shares.put(name, count / (double) total));
		return shares;
	}

	private static Strategy strategy(BalancingStrategy setting) {
		return Strategy.of(setting, new Random(42));
	}

	private Tier lanes(BackendProperties... backends) {
		Pool pool = TestPools.pool(this.time, backends);
		return pool.lanes("gpt-4o").tiers().get(0);
	}

	private void serve(Lane lane, Duration latency) {
		Attempt attempt = begin(lane);
		this.time.advance(latency);
		attempt.onResponseStart();
		attempt.end(new Outcome.Served(200));
	}

	private static void reportQuota(Lane lane, String percentLeft) {
		Attempt attempt = begin(lane);
		attempt.recordQuota(Map.of("x-ratelimit-remaining-tokens", percentLeft, "x-ratelimit-limit-tokens", "100",
				"x-ratelimit-reset-tokens", "1m0s")::get, true);
		attempt.end(new Outcome.Served(200));
	}

	private static Attempt begin(Lane lane) {
		Attempt attempt = lane.tryBegin();
		assertThat(attempt).isNotNull();
		return attempt;
	}

	private static String name(Lane lane) {
		return lane.backend().name();
	}

	/**
	 * Picks a lane every millisecond; each response takes the time given for its lane.
	 */
	private final class Simulation {

		private final Strategy strategy;

		private final Tier lanes;

		private final PriorityQueue<Running> running = new PriorityQueue<>();

		private long now;

		Simulation(Strategy strategy, Tier lanes) {
			this.strategy = strategy;
			this.lanes = lanes;
		}

		Map<String, Double> run(int picks, ToLongFunction<Lane> millis) {
			Map<String, Integer> counts = new HashMap<>();
			for (int i = 0; i < picks; i++) {
				this.now++;
				StrategyTests.this.time.advance(Duration.ofMillis(1));
				while (!this.running.isEmpty() && this.running.element().end <= this.now) {
					Attempt attempt = this.running.remove().attempt;
					attempt.onResponseStart();
					attempt.end(new Outcome.Served(200));
				}
				Lane lane = this.strategy.pick(this.lanes, (it) -> true);
				this.running.add(new Running(begin(lane), this.now + millis.applyAsLong(lane)));
				counts.merge(name(lane), 1, Integer::sum);
			}
			return shares(counts, picks);
		}

	}

	private record Running(Attempt attempt, long end) implements Comparable<Running> {

		@Override
		public int compareTo(Running other) {
			return Long.compare(this.end, other.end);
		}

	}

}
