package dev.weir.affinity;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;

import org.springframework.http.HttpHeaders;
import org.springframework.util.unit.DataSize;

import dev.weir.backend.Outcome;
import dev.weir.backend.Pool;
import dev.weir.backend.Pools;
import dev.weir.config.AffinityProperties;
import dev.weir.config.UnknownOwner;
import dev.weir.failover.AttemptCaller;
import dev.weir.failover.NoLaneException;
import dev.weir.failover.OneByOne;
import dev.weir.failover.TestFailover;
import dev.weir.openai.call.ApiCall;
import dev.weir.openai.call.ApiPath;
import dev.weir.queue.PoolWaitQueues;
import dev.weir.request.Patience;
import dev.weir.request.RequestContext;
import dev.weir.response.AttemptResult;
import dev.weir.testing.TestPools;
import dev.weir.testing.VirtualTime;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * A lookup that waits for a cooldown, and then a wait for a place on the backend that has
 * the object.
 */
class WaitAfterRealLookupTests {

	private static final AffinityProperties SETTINGS = new AffinityProperties(DataSize.ofKilobytes(64),
			Duration.ofDays(1), 50, Duration.ofSeconds(5), UnknownOwner.ALLOW);

	private final VirtualTime time = new VirtualTime();

	@Test
	void theLookupAndTheWaitAfterItEndBeforeThePatienceOfTheClientDoes() {
		Pools pools = TestPools.pools(this.time, Map.of("max-wait", "60s"),
				TestPools.backend("alpha", "max-concurrent=1"), TestPools.backend("beta"));
		Pool pool = pools.all().iterator().next();
		pool.lanes("").get(0).tryBegin().end(new Outcome.Throttled(Duration.ofMillis(1500)));
		assertThat(pool.lanes("gpt-4o").get(0).tryBegin()).as("it takes the only place").isNotNull();
		PoolWaitQueues queues = new PoolWaitQueues(pools, this.time.timing(), new OneByOne());
		ObjectAffinity affinity = affinity(pools, queues);
		RequestContext context = new RequestContext("test-1", this.time.loop(), this.time, List.of());
		context.onRouted(pool);
		context.onCallRead(new ApiCall(ApiPath.parse("GET", "/v1/files/file-1", null), "", null, false));
		HttpHeaders headers = new HttpHeaders();
		headers.set("x-stainless-timeout", "2");
		List<Object> results = new ArrayList<>();
		affinity.bind(context, headers)
			.then(Mono
				.defer(() -> TestFailover.of(pools, queues, this.time).connect(context, new WithoutLane(headers))))
			.subscribe(results::add);
		this.time.advance(1500);
		assertThat(context.binding()).as("found at the end of the cooldown").isNotNull();
		this.time.advance(299);
		assertThat(results).isEmpty();
		this.time.advance(1);
		assertThat(results).as("after 1.8 s, not after 3.3 s").hasSize(1);
	}

	private ObjectAffinity affinity(Pools pools, PoolWaitQueues queues) {
		MemoryObjectOwners owners = new MemoryObjectOwners(SETTINGS, this.time, Runnable::run);
		ObjectLookup lookup = new ObjectLookup(
				(question,
						backend) -> Mono.just(backend.name().equals("alpha") ? BackendQuestion.Ownership.OWNED
								: BackendQuestion.Ownership.NOT_OWNED),
				owners, queues, () -> SETTINGS, this.time.timing());
		return new ObjectAffinity(new ObjectAccess(owners), owners, new FormerOwners(this.time), lookup,
				new HomeBackends(SETTINGS.expireAfter(), this.time),
				new AffinityMetrics(new SimpleMeterRegistry(), pools));
	}

	private record WithoutLane(HttpHeaders headers) implements AttemptCaller {

		@Override
		public Mono<AttemptResult> call(RequestContext context) {
			return Mono.error(new NoLaneException());
		}

		@Override
		public Duration patience() {
			return Patience.of(this.headers);
		}

	}

}
