package dev.weir.failover;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;

import dev.weir.backend.Pool;
import dev.weir.backend.Pools;
import dev.weir.memory.BufferBudget;
import dev.weir.openai.call.ApiCall;
import dev.weir.openai.call.ApiPath;
import dev.weir.queue.PoolWaitQueues;
import dev.weir.request.RequestContext;
import dev.weir.response.AttemptResult;
import dev.weir.testing.TestPools;
import dev.weir.testing.VirtualTime;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Waits of requests whose objects had to be looked up before.
 */
class WaitAfterLookupTests {

	private final VirtualTime time = new VirtualTime();

	@Test
	void theTimeOfALookupIsPartOfThePatienceOfTheClient() {
		Pools pools = TestPools.pools(this.time, Map.of("max-wait", "60s"), TestPools.backend("a", "max-concurrent=1"));
		Pool pool = pools.all().iterator().next();
		pool.lanes("gpt-4o").get(0).tryBegin();
		Failover failover = new Failover(pools, new PoolWaitQueues(pools, this.time.timing(), new OneByOne()),
				new BufferBudget(64 * 1024 * 1024, this.time), this.time);
		RequestContext context = new RequestContext("test-1", this.time.loop(), this.time, List.of());
		context.onRouted(pool);
		context.onCallRead(new ApiCall(ApiPath.parse("POST", "/v1/chat/completions", null), "gpt-4o", null, true));
		context.lookupTime(Duration.ofMillis(1500));
		List<Object> results = new ArrayList<>();
		failover.connect(context, new WithoutLane()).subscribe(results::add);
		this.time.advance(299);
		assertThat(results).isEmpty();
		this.time.advance(1);
		assertThat(results).hasSize(1);
	}

	/** The client lets its request wait for 1.8 s. */
	private static final class WithoutLane implements AttemptCaller {

		@Override
		public Mono<AttemptResult> call(RequestContext context) {
			return Mono.error(new NoLaneException());
		}

		@Override
		public Duration patience() {
			return Duration.ofMillis(1800);
		}

	}

}
