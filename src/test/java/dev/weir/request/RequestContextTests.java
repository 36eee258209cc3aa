package dev.weir.request;

import java.time.Duration;
import java.util.List;

import org.junit.jupiter.api.Test;

import dev.weir.testing.VirtualTime;
import dev.weir.testing.TestPools;
import dev.weir.testing.TestRequests;
import dev.weir.backend.Attempt;
import dev.weir.backend.Lane;
import dev.weir.backend.Outcome;
import dev.weir.backend.Pool;
import dev.weir.backend.RequestTraits;
import dev.weir.openai.stored.ObjectKind;
import dev.weir.openai.stored.StoredObject;

import static dev.weir.testing.TestPools.backend;
import static org.assertj.core.api.Assertions.assertThat;

class RequestContextTests {

	private final VirtualTime time = new VirtualTime();

	private final Pool pool = TestPools.pool(this.time, backend("first", "max-concurrent=1"),
			backend("second", "priority=2"), backend("third", "priority=2"));

	private final RequestContext request = begin();

	@Test
	void aLaneThatWasTriedIsNotChosenAgain() {
		assertThat(this.request.failover().tryBegin(lane(0))).isTrue();
		this.request.failover().candidates().beginChoice();
		assertThat(this.request.failover().candidates().isOpen(lane(0))).isFalse();
		assertThat(this.request.failover().candidates().isOpen(lane(1))).isTrue();
	}

	@Test
	void aLaneThatRefusedMayBeChosenAgainInTheNextChoice() {
		Attempt other = lane(0).tryBegin();
		assertThat(this.request.failover().tryBegin(lane(0))).isFalse();
		assertThat(this.request.failover().candidates().isOpen(lane(0))).isFalse();
		assertThat(this.request.failover().attempts().count()).isZero();
		this.request.failover().candidates().beginChoice();
		assertThat(this.request.failover().candidates().isOpen(lane(0))).isTrue();
		assertThat(other).isNotNull();
		other.end(new Outcome.Served(200));
		assertThat(this.request.failover().tryBegin(lane(0))).isTrue();
	}

	@Test
	void anAttemptDoesNotBeginOutsideOfTheBinding() {
		this.request.bind(new Binding((backend) -> backend.name().equals("second"), "second",
				List.of(new StoredObject(ObjectKind.FILE, "file-1")), (backend) -> {
				}));
		this.request.beginFailover(this.pool.lanes("gpt-4o"), RequestTraits.UNKNOWN);
		assertThat(this.request.failover().tryBegin(lane(0))).isFalse();
		assertThat(this.request.failover().tryBegin(lane(2))).isFalse();
		assertThat(this.request.failover().tryBegin(lane(1))).isTrue();
	}

	@Test
	void restrictsToLowerTiersOnceAndOnlyIfALaneThereIsFree() {
		assertThat(this.request.failover().tryBegin(lane(0))).isTrue();
		assertThat(this.request.failover().candidates().restrictToLowerTiers(lane(0))).isTrue();
		assertThat(this.request.failover().candidates().isOpen(lane(1))).isTrue();
		assertThat(this.request.failover().tryBegin(lane(1))).isTrue();
		assertThat(this.request.failover().candidates().restrictToLowerTiers(lane(1))).isFalse();
		assertThat(this.request.failover().candidates().hasAvailable()).isTrue();
	}

	@Test
	void keepsItsTiersIfNoLowerLaneIsFree() {
		throttle(lane(1));
		throttle(lane(2));
		assertThat(this.request.failover().tryBegin(lane(0))).isTrue();
		assertThat(this.request.failover().candidates().restrictToLowerTiers(lane(0))).isFalse();
		assertThat(begin().failover().candidates().restrictToLowerTiers(lane(1))).isFalse();
	}

	@Test
	void aLaneIsFreeWhenTheFirstUntriedLaneIsFree() {
		throttle(lane(0));
		this.time.advance(Duration.ofSeconds(2));
		throttle(lane(1));
		throttle(lane(2));
		assertThat(this.request.failover().candidates().freeIn()).isEqualTo(Duration.ofSeconds(8));
		this.time.advance(Duration.ofSeconds(8));
		assertThat(this.request.failover().candidates().freeIn()).isZero();
		assertThat(this.request.failover().tryBegin(lane(0))).isTrue();
		assertThat(this.request.failover().candidates().freeIn()).isEqualTo(Duration.ofSeconds(2));
	}

	@Test
	void noLaneIsFreeOnceAllWereTried() {
		for (int i = 0; i < 3; i++) {
			assertThat(this.request.failover().tryBegin(lane(i))).isTrue();
		}
		assertThat(this.request.failover().candidates().freeIn()).isNull();
	}

	@Test
	void aLaneThatWaitsForOtherRequestsMayBeFreeAtAnyTime() {
		Pool one = TestPools.pool(this.time, backend("only", "max-concurrent=1"));
		Lane only = one.lanes("gpt-4o").get(0);
		assertThat(only.tryBegin()).isNotNull();
		assertThat(TestRequests.begin(one, one.lanes("gpt-4o"), this.time).failover().candidates().freeIn()).isZero();
	}

	@Test
	void theDeadlineStartsAgainWhenAReplyIsResumed() {
		this.time.advance(Duration.ofMinutes(9));
		assertThat(this.request.failover().deadline().elapsed()).isEqualTo(Duration.ofMinutes(9));
		this.request.failover().deadline().restart();
		assertThat(this.request.failover().deadline().elapsed()).isZero();
	}

	@Test
	void aLimitNeedsNoTimerIfTheDeadlineIsEarlier() {
		assertThat(this.request.failover().deadline().endsWithin(Duration.ofMinutes(10))).isTrue();
		assertThat(this.request.failover().deadline().endsWithin(Duration.ofMinutes(10).minusNanos(1))).isFalse();
		this.time.advance(Duration.ofMinutes(9));
		assertThat(this.request.failover().deadline().endsWithin(Duration.ofMinutes(1))).isTrue();
		assertThat(this.request.failover().deadline().endsWithin(Duration.ofSeconds(59))).isFalse();
	}

	private void throttle(Lane lane) {
		Attempt attempt = lane.tryBegin();
		assertThat(attempt).isNotNull();
		attempt.end(new Outcome.Throttled(Duration.ofSeconds(10)));
	}

	private RequestContext begin() {
		return TestRequests.begin(this.pool, this.pool.lanes("gpt-4o"), this.time);
	}

	private Lane lane(int index) {
		return this.pool.lanes("gpt-4o").get(index);
	}

}
