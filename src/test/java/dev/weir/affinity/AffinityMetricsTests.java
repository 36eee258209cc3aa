package dev.weir.affinity;

import java.util.List;
import java.util.Map;

import com.github.benmanes.caffeine.cache.Ticker;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import org.junit.jupiter.api.Test;

import dev.weir.backend.Pool;
import dev.weir.backend.PoolSet;
import dev.weir.backend.Pools;
import dev.weir.openai.error.ApiError;
import dev.weir.openai.error.ApiErrorException;
import dev.weir.testing.TestPools;

import static org.assertj.core.api.Assertions.assertThat;
import static org.mockito.Mockito.mock;

class AffinityMetricsTests {

	@Test
	void aRequestThatIsCountedWhileItsPoolIsRemovedLeavesNoMeter() throws InterruptedException {
		Pools pools = TestPools.pools(Ticker.disabledTicker(), Map.of(), TestPools.backend("a"));
		Pool pool = pools.all().iterator().next();
		RemovingRegistry registry = new RemovingRegistry();
		AffinityMetrics metrics = new AffinityMetrics(registry, pools);
		metrics.bound(pool, null);
		assertThat(registry.getMeters()).hasSize(1);
		Thread removal = new Thread(() -> metrics.onRemoved(List.of(), mock(PoolSet.class)));
		registry.removal = removal;
		metrics.refused(pool, new ApiErrorException(ApiError.invalid(404, "", null, "not_found")));
		removal.join();
		assertThat(registry.getMeters()).isEmpty();
	}

	/** Removes the pool as soon as the second counter is created. */
	private static final class RemovingRegistry extends SimpleMeterRegistry {

		private Thread removal;

		@Override
		protected Counter newCounter(Meter.Id id) {
			if (this.removal != null) {
				this.removal.start();
				while (this.removal.getState() != Thread.State.TERMINATED
						&& this.removal.getState() != Thread.State.BLOCKED) {
					Thread.onSpinWait();
				}
			}
			return super.newCounter(id);
		}

	}

}
