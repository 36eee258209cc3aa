package dev.weir.affinity;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import dev.weir.testing.VirtualTime;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * How clients share the lookups of unknown objects.
 */
class LookupRatesTests {

	private final VirtualTime time = new VirtualTime();

	private final LookupRates rates = new LookupRates(this.time);

	@ParameterizedTest
	@ValueSource(ints = { 1, 2, 3, 10 })
	void c10AClientThatAlwaysAsksLeavesHalfOfTheLookupsToTheOthers(int perSecond) {
		int heavy = 0;
		int light = 0;
		for (int i = 0; i < 10_000; i++) {
			heavy += this.rates.tryAcquire("heavy", perSecond) ? 1 : 0;
			light += (i % 10 == 9 && this.rates.tryAcquire("light", perSecond)) ? 1 : 0;
			this.time.advance(1);
		}
		assertThat(heavy).isBetween(4 * perSecond, 6 * perSecond);
		assertThat(light).isBetween(4 * perSecond, 6 * perSecond);
	}

}
