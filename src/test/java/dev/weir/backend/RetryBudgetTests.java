package dev.weir.backend;

import java.time.Duration;
import java.util.stream.IntStream;

import org.junit.jupiter.api.Test;

import dev.weir.config.RetryBudgetProperties;
import dev.weir.testing.VirtualTime;

import static org.assertj.core.api.Assertions.assertThat;

class RetryBudgetTests {

	private final VirtualTime time = new VirtualTime();

	@Test
	void allowsAMinimumOfRetriesPerSecond() {
		RetryBudget budget = budget(0, 10);
		assertThat(retries(budget, 100)).isEqualTo(10);
		this.time.advance(Duration.ofMillis(500));
		assertThat(retries(budget, 100)).isEqualTo(5);
		this.time.advance(Duration.ofSeconds(60));
		assertThat(retries(budget, 100)).isEqualTo(10);
	}

	@Test
	void allowsAShareOfTheRequests() {
		RetryBudget budget = budget(20, 0);
		assertThat(retries(budget, 100)).isZero();
		IntStream.range(0, 1000).forEach((i) -> budget.recordRequest());
		// one less than 200 where a thousand fifths do not quite add up
		assertThat(retries(budget, 1000)).isBetween(199, 200);
	}

	@Test
	void forgetsCreditThatIsOlderThanTenSeconds() {
		RetryBudget budget = budget(20, 0);
		IntStream.range(0, 1000).forEach((i) -> budget.recordRequest());
		this.time.advance(Duration.ofSeconds(10));
		assertThat(retries(budget, 1000)).isZero();
	}

	@Test
	void keepsRetriesOfASteadyOutageWithinItsShare() {
		RetryBudget budget = budget(20, 10);
		int retries = 0;
		for (int i = 0; i < 60_000; i++) {
			budget.recordRequest();
			retries += retries(budget, 3);
			this.time.advance(Duration.ofMillis(1));
		}
		// 60 s at 1000 requests a second: 20 % of them, 10 a second, and the first floor
		assertThat(retries).isBetween(12_000, 12_000 + 600 + 10);
	}

	@Test
	void allowsNoRetriesIfItIsZero() {
		RetryBudget budget = budget(0, 0);
		budget.recordRequest();
		this.time.advance(Duration.ofSeconds(10));
		assertThat(budget.tryRetry()).isFalse();
	}

	private RetryBudget budget(int percent, int minPerSecond) {
		return new RetryBudget(new RetryBudgetProperties(percent, minPerSecond), this.time);
	}

	private static int retries(RetryBudget budget, int wanted) {
		return (int) IntStream.range(0, wanted).filter((i) -> budget.tryRetry()).count();
	}

}
