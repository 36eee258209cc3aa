package dev.weir.queue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

import org.junit.jupiter.api.Test;

import dev.weir.backend.Attempt;
import dev.weir.backend.Lane;
import dev.weir.backend.Outcome;
import dev.weir.backend.Pool;
import dev.weir.backend.Pools;
import dev.weir.config.BackendProperties;
import dev.weir.failover.OneByOne;
import dev.weir.request.RequestContext;
import dev.weir.testing.TestPools;
import dev.weir.testing.TestRequests;
import dev.weir.testing.VirtualTime;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Requests that have made an attempt wait on after a reload, beside new ones.
 */
class QueueReloadTests {

	private final VirtualTime time = new VirtualTime();

	private final List<String> served = new ArrayList<>();

	private final List<RequestContext> running = new ArrayList<>();

	private Pools pools;

	private WaitQueues queues;

	private void start(BackendProperties... backends) {
		this.pools = TestPools.pools(this.time, Map.of(), backends);
		this.queues = new WaitQueues(pool(), this.time.timing(), new OneByOne(), FairOrder::new);
		pool().onFree(this.queues::onFree);
	}

	private void reload(BackendProperties... backends) {
		this.pools
			.apply(this.pools.prepare(TestPools.pools(this.time, Map.of(), backends).current().properties(), null));
		pool().onFree(this.queues::onFree);
		this.queues.reload(pool());
	}

	private Pool pool() {
		return this.pools.all().iterator().next();
	}

	private Lane lane(String model, int index) {
		return pool().lanes(model).get(index);
	}

	private RequestContext request(String model) {
		return TestRequests.begin(pool(), pool().lanes(model), this.time);
	}

	/** A request that was throttled by the second backend. */
	private RequestContext throttled(String model) {
		RequestContext request = request(model);
		assertThat(request.failover().tryBegin(lane(model, 1))).isTrue();
		request.failover().attempts().end(new Outcome.Throttled(Duration.ofHours(1)));
		request.failover().candidates().beginChoice();
		return request;
	}

	private void await(String name, RequestContext request) {
		this.queues.await(request, this.queues.nextArrival(), Duration.ofMinutes(1), true).subscribe((free) -> {
			if (free && request.failover().candidates().remaining().stream().anyMatch(request.failover()::tryBegin)) {
				this.served.add(name);
				this.running.add(request);
			}
		});
	}

	@Test
	void aHigherLimitHoldsAtOnceWhileAnOldRequestWaits() {
		start(TestPools.backend("a", "max-concurrent=1"), TestPools.backend("b"));
		assertThat(lane("gpt-4o", 0).tryBegin()).isNotNull();
		await("old", throttled("gpt-4o"));
		reload(TestPools.backend("a", "max-concurrent=3"), TestPools.backend("b"));
		assertThat(this.served).isEmpty();
		await("new", request("gpt-4o"));
		assertThat(this.served).containsExactly("new");
	}

	@Test
	void anOldRequestCompetesForThePlacesOfANewLimit() {
		start(TestPools.backend("a"), TestPools.backend("b"));
		Attempt one = lane("other", 0).tryBegin();
		Attempt two = lane("other", 0).tryBegin();
		lane("gpt-4o", 0).tryBegin().end(new Outcome.Throttled(Duration.ofMillis(300)));
		await("old", throttled("gpt-4o"));
		reload(TestPools.backend("a", "max-concurrent=1"), TestPools.backend("b"));
		await("new", request("gpt-4o"));
		await("new", request("gpt-4o"));
		this.time.advance(300);
		one.end(new Outcome.Served(200));
		assertThat(this.served).as("it is full").doesNotContain("new");
		two.end(new Outcome.Served(200));
		while (!this.running.isEmpty()) {
			this.running.remove(0).failover().attempts().end(new Outcome.Served(200));
		}
		this.time.advance(1000);
		while (!this.running.isEmpty()) {
			this.running.remove(0).failover().attempts().end(new Outcome.Served(200));
		}
		assertThat(this.served).containsExactly("old", "new", "new");
	}

	@Test
	void aLimitThatIsRemovedLeavesNoRequestBehind() {
		start(TestPools.backend("a", "max-concurrent=1"), TestPools.backend("b"));
		Attempt one = lane("gpt-4o", 0).tryBegin();
		await("old", throttled("gpt-4o"));
		reload(TestPools.backend("a"), TestPools.backend("b"));
		await("new", request("gpt-4o"));
		assertThat(this.served).containsExactly("new");
		one.end(new Outcome.Served(200));
		this.running.remove(0).failover().attempts().end(new Outcome.Served(200));
		this.time.advance(1000);
		assertThat(this.served).containsExactly("new", "old");
		assertThat(this.queues.waiting()).isZero();
	}

}
