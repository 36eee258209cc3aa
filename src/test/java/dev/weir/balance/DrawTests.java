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
import dev.weir.testing.ManualTicker;
import dev.weir.testing.TestPools;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

class DrawTests {

	private static final int DRAWS = 100_000;

	private static final double CHANCE = 0.01;

	private final Draw draw = new Draw(new Random(42));

	@Test
	void theLanesThatAreLeftShareByTheirWeights() {
		Tier tier = tier(TestPools.backend("a"), TestPools.backend("b", "weight=5"), TestPools.backend("c", "weight=2"),
				TestPools.backend("d", "weight=92"));
		Map<String, Double> shares = shares(tier, (lane) -> !lane.backend().name().equals("d"));
		assertThat(shares.get("a")).isCloseTo(1 / 8.0, within(CHANCE));
		assertThat(shares.get("b")).isCloseTo(5 / 8.0, within(CHANCE));
		assertThat(shares.get("c")).isCloseTo(2 / 8.0, within(CHANCE));
	}

	@Test
	void theLastLaneThatIsLeftOfManyIsFound() {
		Tier tier = tier(
				IntStream.range(0, 300).mapToObj((i) -> TestPools.backend("b" + i)).toArray(BackendProperties[]::new));
		assertThat(shares(tier, (lane) -> lane.backend().name().equals("b217"))).containsOnlyKeys("b217");
	}

	@Test
	void whereNoLaneIsLeftNoneIsDrawn() {
		assertThat(this.draw.from(tier(TestPools.backend("a"), TestPools.backend("b")), (lane) -> false)).isNull();
	}

	@Test
	void aFullyHealthyTierIsNotGoneThrough() {
		Tier tier = tier(
				IntStream.range(0, 300).mapToObj((i) -> TestPools.backend("b" + i)).toArray(BackendProperties[]::new));
		int[] asked = new int[1];
		this.draw.from(tier, (lane) -> {
			asked[0]++;
			return true;
		});
		assertThat(asked[0]).isEqualTo(1);
	}

	private Map<String, Double> shares(Tier tier, Predicate<Lane> candidates) {
		Map<String, Double> shares = new HashMap<>();
		for (int i = 0; i < DRAWS; i++) {
			Lane lane = this.draw.from(tier, candidates);
			assertThat(lane).isNotNull();
			shares.merge(lane.backend().name(), 1.0 / DRAWS, Double::sum);
		}
		return shares;
	}

	private static Tier tier(BackendProperties... backends) {
		return TestPools.pool(new ManualTicker(), backends).lanes("gpt-4o").tiers().get(0);
	}

}
