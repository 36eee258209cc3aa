package dev.weir.backend;

import java.util.Random;
import java.util.Set;
import java.util.TreeSet;

import org.junit.jupiter.api.Test;

import dev.weir.testing.ManualTicker;
import dev.weir.testing.TestPools;

import static org.assertj.core.api.Assertions.assertThat;

class LanesTests {

	private final Lanes lanes = TestPools
		.pool(new ManualTicker(), TestPools.backend("payg", "priority=2", "dialect=azure"),
				TestPools.backend("ptu", "dialect=azure"), TestPools.backend("other", "priority=2", "dialect=openai"))
		.lanes("gpt-4o");

	@Test
	void theyStandInTheOrderOfTheSettingsAndByPriority() {
		assertThat(this.lanes).extracting((lane) -> lane.backend().name()).containsExactly("payg", "ptu", "other");
		assertThat(this.lanes.tiers()).hasSize(2);
		assertThat(this.lanes.tiers().get(0)).extracting((lane) -> lane.backend().name()).containsExactly("ptu");
		assertThat(this.lanes.tiers().get(1)).extracting((lane) -> lane.backend().name())
			.containsExactly("payg", "other");
	}

	@Test
	void thoseOfAzureAreKeptApart() {
		assertThat(this.lanes.azure()).extracting((lane) -> lane.backend().name()).containsExactly("payg", "ptu");
		assertThat(this.lanes.azure().azure()).isSameAs(this.lanes.azure());
	}

	@Test
	void everyLaneOfATierIsDrawn() {
		Set<String> drawn = new TreeSet<>();
		Random random = new Random(1);
		for (int i = 0; i < 100; i++) {
			drawn.add(this.lanes.tiers().get(1).draw(random).backend().name());
		}
		assertThat(drawn).containsExactly("other", "payg");
	}

}
