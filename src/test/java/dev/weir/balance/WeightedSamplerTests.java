package dev.weir.balance;

import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import java.util.function.Predicate;
import java.util.stream.IntStream;

import org.junit.jupiter.api.Test;

import dev.weir.backend.Lane;
import dev.weir.backend.Tier;
import dev.weir.config.BackendProperties;
import dev.weir.testing.VirtualTime;
import dev.weir.testing.TestPools;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

class WeightedSamplerTests {

	private static final int DRAWS = 100_000;

	private static final double TOLERANCE = 0.01;

	private final WeightedSampler sampler = new WeightedSampler(new Random(42));

	@Test
	void candidatesAreDrawnInProportionToTheirWeights() {
		Tier tier = tier(TestPools.backend("a"), TestPools.backend("b", "weight=5"), TestPools.backend("c", "weight=2"),
				TestPools.backend("d", "weight=92"));
		Map<String, Double> shares = shares(tier, (lane) -> !lane.backend().name().equals("d"));
		assertThat(shares.get("a")).isCloseTo(1 / 8.0, within(TOLERANCE));
		assertThat(shares.get("b")).isCloseTo(5 / 8.0, within(TOLERANCE));
		assertThat(shares.get("c")).isCloseTo(2 / 8.0, within(TOLERANCE));
	}

	@Test
	void theOnlyCandidateOfManyLanesIsFound() {
		Tier tier = tier(
				IntStream.range(0, 300).mapToObj((i) -> TestPools.backend("b" + i)).toArray(BackendProperties[]::new));
		assertThat(shares(tier, (lane) -> lane.backend().name().equals("b217"))).containsOnlyKeys("b217");
	}

	@Test
	void withoutACandidateNoLaneIsDrawn() {
		assertThat(this.sampler.draw(tier(TestPools.backend("a"), TestPools.backend("b")), (lane) -> false)).isNull();
	}

	@Test
	void ifAllLanesAreCandidatesOnlyOneIsTested() {
		Tier tier = tier(
				IntStream.range(0, 300).mapToObj((i) -> TestPools.backend("b" + i)).toArray(BackendProperties[]::new));
		int[] tested = new int[1];
		this.sampler.draw(tier, (lane) -> {
			tested[0]++;
			return true;
		});
		assertThat(tested[0]).isEqualTo(1);
	}

	private Map<String, Double> shares(Tier tier, Predicate<Lane> candidates) {
		Map<String, Double> shares = new HashMap<>();
		for (int i = 0; i < DRAWS; i++) {
			Lane lane = this.sampler.draw(tier, candidates);
			assertThat(lane).isNotNull();
			shares.merge(lane.backend().name(), 1.0 / DRAWS, Double::sum);
		}
		return shares;
	}

	private static Tier tier(BackendProperties... backends) {
		return TestPools.pool(new VirtualTime(), backends).lanes("gpt-4o").tiers().get(0);
	}

}
