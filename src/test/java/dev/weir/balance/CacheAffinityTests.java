package dev.weir.balance;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.LongStream;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import dev.weir.backend.Attempt;
import dev.weir.backend.Lane;
import dev.weir.backend.Outcome;
import dev.weir.backend.Pool;
import dev.weir.backend.Tier;
import dev.weir.balance.PrefixCacheSimulation.Result;
import dev.weir.config.BackendProperties;
import dev.weir.openai.stream.Usage;
import dev.weir.testing.TestPools;
import dev.weir.testing.VirtualTime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

class CacheAffinityTests {

	private static final Path DOCUMENT = Path.of("docs/affinity.md");

	private static final Pattern TABLE = Pattern.compile("(?<=<!-- simulated -->\n\n).*?(?=\n<!-- end -->)",
			Pattern.DOTALL);

	private static final long SEED = 20261127;

	private final VirtualTime time = new VirtualTime();

	@Test
	void aKeyHasAlwaysTheSameLane() {
		Tier tier = tier(TestPools.backend("a"), TestPools.backend("b"), TestPools.backend("c"));
		Tier other = tier(TestPools.backend("c"), TestPools.backend("a"), TestPools.backend("b"));
		LongStream.range(1, 1000)
			.forEach((key) -> assertThat(CacheAffinity.pick(other, (lane) -> true, key).backend().name())
				.isEqualTo(CacheAffinity.pick(tier, (lane) -> true, key).backend().name()));
	}

	@Test
	void keysAreDistributedByWeight() {
		Tier tier = tier(TestPools.backend("a", "weight=1"), TestPools.backend("b", "weight=2"),
				TestPools.backend("c", "weight=5"));
		Map<String, Integer> counts = new HashMap<>();
		LongStream.range(0, 100_000)
			.forEach((key) -> counts.merge(CacheAffinity.pick(tier, (lane) -> true, key * 31 + 7).backend().name(), 1,
					Integer::sum));
		assertThat(counts.get("a") / 100_000.0).isCloseTo(0.125, within(0.007));
		assertThat(counts.get("b") / 100_000.0).isCloseTo(0.25, within(0.007));
		assertThat(counts.get("c") / 100_000.0).isCloseTo(0.625, within(0.007));
	}

	@Test
	void onlyTheKeysOfALaneInCooldownMoveAndTheyComeBack() {
		Tier tier = tier(TestPools.backend("a"), TestPools.backend("b"), TestPools.backend("c"));
		for (long key = 1; key < 1000; key++) {
			Lane own = CacheAffinity.pick(tier, Lane::isAvailable, key);
			Lane without = CacheAffinity.pick(tier, (lane) -> lane != tier.get(1), key);
			assertThat(own == tier.get(1) || without == own).isTrue();
			assertThat(without).isNotSameAs(tier.get(1));
		}
		Lane moved = tier.get(1);
		long key = LongStream.range(1, 1000)
			.filter((it) -> CacheAffinity.pick(tier, (lane) -> true, it) == moved)
			.findFirst()
			.getAsLong();
		moved.tryBegin().end(new Outcome.Throttled(Duration.ofSeconds(30)));
		assertThat(CacheAffinity.pick(tier, Lane::isAvailable, key)).isNotSameAs(moved);
		this.time.advance(Duration.ofSeconds(30));
		assertThat(CacheAffinity.pick(tier, Lane::isAvailable, key)).isSameAs(moved);
	}

	@Test
	void aHotKeySpreadsByRequestsInFlight() {
		Tier tier = tier(TestPools.backend("a"), TestPools.backend("b"), TestPools.backend("c", "weight=2"));
		for (int i = 0; i < 400; i++) {
			assertThat(CacheAffinity.pick(tier, (lane) -> true, 42).tryBegin()).isNotNull();
		}
		assertThat(tier.get(0).inFlight()).isBetween(20, 125);
		assertThat(tier.get(1).inFlight()).isBetween(20, 125);
		assertThat(tier.get(2).inFlight()).isBetween(20, 250);
	}

	@Test
	void aHotKeySpreadsByTokensOfTheLastMinute() {
		Tier tier = tier(TestPools.backend("a"), TestPools.backend("b"), TestPools.backend("c"));
		List<Lane> order = new ArrayList<>();
		for (int i = 0; i < 300; i++) {
			Lane lane = CacheAffinity.pick(tier, (it) -> true, 42);
			order.add(lane);
			Attempt attempt = lane.tryBegin();
			attempt.recordUsage(new Usage(2000, 500));
			attempt.end(new Outcome.Served(200));
			this.time.advance(100);
		}
		assertThat(order.subList(0, 7)).as("while there is little load").containsOnly(order.get(0));
		assertThat(tier).allSatisfy((lane) -> assertThat(lane.tokensOfLastMinute()).isBetween(100_000L, 315_000L));
		this.time.advance(Duration.ofSeconds(71));
		assertThat(tier).allSatisfy((lane) -> assertThat(lane.tokensOfLastMinute()).isZero());
		assertThat(CacheAffinity.pick(tier, (it) -> true, 42)).isSameAs(order.get(0));
	}

	@Test
	void withoutACandidateThereIsNoLane() {
		assertThat(CacheAffinity.pick(tier(TestPools.backend("a")), (lane) -> false, 1)).isNull();
	}

	@Test
	void conversationsFindTheirCacheAndTheLoadStaysEven() throws IOException {
		StringBuilder table = new StringBuilder(
				"""
						| backends | strategy | a backend in cooldown for 5 min | cached share | in relation to one backend | imbalance |
						|---|---|---|---|---|---|
						""");
		double alone = PrefixCacheSimulation.run("cache-affine", 1, false, SEED).cachedShare();
		table.append(row(1, "any", false, new Result(alone, 1), alone));
		for (int backends : new int[] { 3, 10 }) {
			for (boolean cooldown : new boolean[] { false, true }) {
				Result weighted = PrefixCacheSimulation.run("weighted", backends, cooldown, SEED);
				Result affine = PrefixCacheSimulation.run("cache-affine", backends, cooldown, SEED);
				table.append(row(backends, "weighted", cooldown, weighted, alone));
				table.append(row(backends, "cache-affine", cooldown, affine, alone));
				assertThat(affine.cachedShare()).isGreaterThan(0.9 * alone).isGreaterThan(weighted.cachedShare());
				assertThat(affine.imbalance()).isLessThan(1.25);
			}
		}
		if (Boolean.getBoolean("generate")) {
			Files.writeString(DOCUMENT,
					TABLE.matcher(Files.readString(DOCUMENT)).replaceFirst(Matcher.quoteReplacement(table.toString())));
		}
		Matcher documented = TABLE.matcher(Files.readString(DOCUMENT));
		assertThat(documented.find()).isTrue();
		assertThat(documented.group()).as("Generate it: ./mvnw test -Dtest=CacheAffinityTests -Dgenerate=true")
			.isEqualTo(table.toString());
	}

	@ParameterizedTest
	@ValueSource(longs = { 1, 2, 3 })
	void threeEqualBackendsKeepNineTenthsOfTheCachedShare(long seed) {
		double alone = PrefixCacheSimulation.run("cache-affine", 1, false, seed).cachedShare();
		Result affine = PrefixCacheSimulation.run("cache-affine", 3, true, seed);
		assertThat(affine.cachedShare()).isGreaterThan(0.9 * alone);
		assertThat(affine.imbalance()).isLessThan(1.25);
	}

	private static String row(int backends, String strategy, boolean cooldown, Result result, double alone) {
		return String.format(Locale.ROOT, "| %d | `%s` | %s | %.3f | %.2f | %.2f |%n", backends, strategy,
				cooldown ? "yes" : "no", result.cachedShare(), result.cachedShare() / alone, result.imbalance());
	}

	private Tier tier(BackendProperties... backends) {
		Pool pool = TestPools.pool(this.time, Map.of("strategy", "cache-affine"), backends);
		return pool.lanes("gpt-4o").tiers().get(0);
	}

}
