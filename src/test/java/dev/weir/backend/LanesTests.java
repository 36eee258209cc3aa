package dev.weir.backend;

import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;

import org.junit.jupiter.api.Test;

import dev.weir.testing.VirtualTime;
import dev.weir.config.ClientPriority;
import dev.weir.testing.TestPools;

import static org.assertj.core.api.Assertions.assertThat;

class LanesTests {

	private final Lanes lanes = TestPools
		.pool(new VirtualTime(), TestPools.backend("payg", "priority=2", "dialect=azure"),
				TestPools.backend("ptu", "dialect=azure"), TestPools.backend("other", "priority=2", "dialect=openai"))
		.lanes("gpt-4o");

	@Test
	void lanesAreInTheOrderOfTheSettingsAndByPriority() {
		assertThat(this.lanes).extracting((lane) -> lane.backend().name()).containsExactly("payg", "ptu", "other");
		assertThat(this.lanes.tiers()).hasSize(2);
		assertThat(this.lanes.tiers().get(0)).extracting((lane) -> lane.backend().name()).containsExactly("ptu");
		assertThat(this.lanes.tiers().get(1)).extracting((lane) -> lane.backend().name())
			.containsExactly("payg", "other");
	}

	@Test
	void lanesAreSelectedByTheDialectOfACall() {
		Lanes four = TestPools
			.pool(new VirtualTime(), TestPools.backend("azure", "dialect=azure"),
					TestPools.backend("versioned", "dialect=azure", "api-version=2024-10-21"),
					TestPools.backend("other", "dialect=openai"))
			.lanes("gpt-4o");
		assertThat(names(four.taking(false, false))).containsExactly("azure", "versioned", "other");
		assertThat(names(four.taking(true, false))).containsExactly("azure", "versioned");
		assertThat(names(four.taking(false, true))).containsExactly("versioned", "other");
		assertThat(names(four.taking(true, true))).containsExactly("versioned");
		assertThat(four.taking(false, false)).isSameAs(four);
		assertThat(four.taking(true, true)).isSameAs(four.taking(true, true));
	}

	@Test
	void allLanesAreOneObjectIfEachTakesEveryCall() {
		Lanes azure = TestPools
			.pool(new VirtualTime(), TestPools.backend("a", "dialect=azure", "api-version=2024-10-21"))
			.lanes("gpt-4o");
		assertThat(azure.taking(true, true)).isSameAs(azure);
		assertThat(azure.taking(false, true)).isSameAs(azure);
	}

	private static List<String> names(Lanes lanes) {
		return lanes.stream().map((lane) -> lane.backend().name()).toList();
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

	@Test
	void lanesOfBackendsThatAreKeptForOthersAreLeftOut() {
		Lanes all = TestPools
			.pool(new VirtualTime(), TestPools.backend("a", "for=high"), TestPools.backend("b", "for=high,normal"),
					TestPools.backend("c"))
			.lanes("gpt-4o");
		assertThat(all.forPriority(ClientPriority.HIGH)).isSameAs(all);
		assertThat(all.forPriority(ClientPriority.NORMAL)).hasToString("[b/gpt-4o, c/gpt-4o]")
			.isSameAs(all.forPriority(ClientPriority.NORMAL));
		assertThat(all.taking(true, false).forPriority(ClientPriority.LOW)).hasToString("[c/gpt-4o]");
	}

}
