package dev.weir.balance;

import java.time.Duration;
import java.util.List;
import java.util.Map;

import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;
import org.springframework.cloud.client.loadbalancer.LoadBalancerClientsProperties;
import org.springframework.context.support.GenericApplicationContext;

import dev.weir.backend.PoolSet;
import dev.weir.backend.Pools;
import dev.weir.config.WeirProperties;
import dev.weir.testing.TestPools;
import dev.weir.testing.VirtualTime;

import static org.assertj.core.api.Assertions.assertThat;

class LoadBalancersTests {

	private final VirtualTime time = new VirtualTime();

	private final Pools pools = TestPools.pools(this.time, Map.of("deadline", "10s"),
			TestPools.backend("a", "url=http://127.0.0.1:1"));

	private final WeirProperties with = this.pools.current().properties();

	private final WeirProperties without = new Binder(new MapConfigurationPropertySource(Map.of())).bindOrCreate("weir",
			WeirProperties.class);

	private final LoadBalancerContexts contexts = new LoadBalancerContexts(new LoadBalancerClientsProperties());

	private final LoadBalancers balancers = new LoadBalancers(this.contexts, this.pools, this.time);

	LoadBalancersTests() {
		GenericApplicationContext parent = new GenericApplicationContext();
		parent.getBeanFactory().registerSingleton("loadBalancerClientFactory", this.contexts);
		parent.refresh();
		this.contexts.setApplicationContext(parent);
	}

	@AfterEach
	void close() {
		this.contexts.destroy();
	}

	private void reload(WeirProperties next) {
		Pools.Change change = this.pools.prepare(next, null);
		this.balancers.prepare(change.pools());
		this.pools.apply(change);
		this.balancers.onApplied(change.pools());
	}

	private void releaseRemoved() {
		this.balancers.onRemoved(this.pools.forgetRemoved(), this.pools.current());
	}

	@Test
	void theDeadlineOfAPoolThatWasAddedAgainStartsAtItsLastRemoval() {
		reload(this.with);
		reload(this.without);
		releaseRemoved();
		this.time.advance(Duration.ofSeconds(9));
		reload(this.with);
		reload(this.without);
		releaseRemoved();
		this.time.advance(Duration.ofSeconds(9));
		releaseRemoved();
		assertThat(this.contexts.getContextNames()).containsExactly("openai");
		this.time.advance(Duration.ofSeconds(2));
		releaseRemoved();
		assertThat(this.contexts.getContextNames()).isEmpty();
	}

	@Test
	void aConfigurationThatIsRefusedDoesNotShortenTheDeadline() {
		reload(this.with);
		PoolSet refused = TestPools
			.pools(this.time, Map.of("deadline", "1s"), TestPools.backend("a", "url=http://127.0.0.1:1"))
			.current();
		this.balancers.prepare(refused);
		reload(this.without);
		releaseRemoved();
		this.time.advance(Duration.ofSeconds(2));
		releaseRemoved();
		assertThat(this.contexts.getContextNames()).containsExactly("openai");
	}

	@Test
	void theStartAndAReloadDoNotChangeThemAtTheSameTime() throws InterruptedException {
		PoolSet current = this.pools.current();
		for (Runnable change : List.<Runnable>of(() -> this.balancers.prepare(current),
				() -> this.balancers.onApplied(current), () -> this.balancers.onRemoved(List.of(), current))) {
			Thread other = new Thread(change);
			synchronized (this.balancers) {
				other.start();
				Awaitility.await().until(() -> other.getState() == Thread.State.BLOCKED);
			}
			other.join();
		}
	}

}
