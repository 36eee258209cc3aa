package dev.weir.failover;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

import org.junit.jupiter.api.Test;
import org.reactivestreams.Subscription;
import reactor.core.Disposable;
import reactor.core.publisher.BaseSubscriber;

import dev.weir.backend.Attempt;
import dev.weir.backend.Attempts;
import dev.weir.backend.Lane;
import dev.weir.backend.Outcome;
import dev.weir.backend.Pool;
import dev.weir.testing.TestPools;

import static org.assertj.core.api.Assertions.assertThat;

class WaitingLineTests {

	private final VirtualTime time = new VirtualTime();

	private final Pool pool = TestPools.pool(this.time.timing().ticker(), TestPools.backend("a"));

	private final WaitingLine line = new WaitingLine(3, this.time.timing());

	private final List<String> told = new ArrayList<>();

	@Test
	void whoNeedNotWaitIsToldAtOnce() {
		await("first", "free", 1000);
		assertThat(this.told).containsExactly("first may go");
		assertThat(this.line.isEmpty()).isTrue();
	}

	@Test
	void whoWaitsIsToldWhenTheLaneWakesAndNotBefore() {
		rest("gpt-4o", 300);
		await("first", "gpt-4o", 1000);
		this.time.advance(299);
		assertThat(this.told).isEmpty();
		assertThat(this.line.length()).isEqualTo(1);
		this.time.advance(1);
		assertThat(this.told).containsExactly("first may go");
		assertThat(this.line.isEmpty()).isTrue();
	}

	@Test
	void whoeverCameFirstIsToldFirst() {
		rest("gpt-4o", 300);
		await("first", "gpt-4o", 1000);
		await("second", "gpt-4o", 1000);
		await("third", "gpt-4o", 1000);
		this.time.advance(300);
		assertThat(this.told).containsExactly("first may go", "second may go", "third may go");
	}

	@Test
	void whoComesLaterIsNotToldBeforeThoseWhoWait() {
		rest("gpt-4o", 300);
		await("first", "gpt-4o", 1000);
		await("second", "free", 1000);
		// nobody in front of it can use what is free
		assertThat(this.told).containsExactly("second may go");
	}

	@Test
	void whoWaitsInVainIsToldNoLaterThanAtTheEndOfItsTime() {
		rest("gpt-4o", 2000);
		await("first", "gpt-4o", 200);
		this.time.advance(199);
		assertThat(this.told).isEmpty();
		await("second", "gpt-4o", 500);
		this.time.advance(1);
		assertThat(this.told).containsExactly("first must not", "second must not");
		assertThat(this.line.isEmpty()).isTrue();
	}

	@Test
	void aLaneThatRestsOnWakesNobody() {
		Lane lane = this.pool.lanes("gpt-4o").get(0);
		Attempt late = lane.tryBegin();
		throttle(lane, 100);
		await("first", "gpt-4o", 1000);
		late.end(new Outcome.Throttled(Duration.ofMillis(400)));
		this.time.advance(399);
		assertThat(this.told).isEmpty();
		this.time.advance(1);
		assertThat(this.told).containsExactly("first may go");
	}

	@Test
	void aLaneThatWakesSoonerThanTheOneWaitedForIsNoticed() {
		rest("gpt-4o", 900);
		rest("o3", 100);
		await("first", "gpt-4o", 2000);
		await("second", "o3", 2000);
		this.time.advance(100);
		assertThat(this.told).containsExactly("second may go");
		this.time.advance(800);
		assertThat(this.told).containsExactly("second may go", "first may go");
	}

	@Test
	void moreThanMayWaitAreToldAtOnce() {
		rest("gpt-4o", 300);
		await("first", "gpt-4o", 1000);
		await("second", "gpt-4o", 1000);
		await("third", "gpt-4o", 1000);
		await("fourth", "gpt-4o", 1000);
		assertThat(this.told).containsExactly("fourth must not");
		await("fifth", "free", 1000);
		assertThat(this.told).containsExactly("fourth must not", "fifth may go");
		assertThat(this.line.length()).isEqualTo(3);
	}

	@Test
	void whoLeavesFreesItsPlaceAndIsToldNothing() {
		rest("gpt-4o", 300);
		await("first", "gpt-4o", 1000);
		Disposable second = await("second", "gpt-4o", 1000);
		await("third", "gpt-4o", 1000);
		second.dispose();
		assertThat(this.line.length()).isEqualTo(2);
		await("fourth", "gpt-4o", 1000);
		this.time.advance(300);
		assertThat(this.told).containsExactly("first may go", "third may go", "fourth may go");
	}

	@Test
	void whoIsGoneBeforeItJoinsTakesNoPlace() {
		rest("gpt-4o", 300);
		this.line.await(attempts("gpt-4o"), Duration.ofSeconds(1), false).subscribe(new BaseSubscriber<>() {

			@Override
			protected void hookOnSubscribe(Subscription subscription) {
				subscription.cancel();
			}

		});
		assertThat(this.line.length()).isZero();
	}

	@Test
	void aLookServesThoseWhoCanGoAlready() {
		Lane lane = this.pool.lanes("gpt-4o").get(0);
		lane.backend().breaker().transitionToForcedOpenState();
		await("first", "gpt-4o", 1000);
		this.line.look();
		assertThat(this.told).isEmpty();
		lane.backend().breaker().transitionToClosedState();
		this.line.look();
		assertThat(this.told).containsExactly("first may go");
	}

	@Test
	void whereNobodyKnowsWhenALaneIsFreeTheLineLooksNowAndThen() {
		Lane lane = this.pool.lanes("gpt-4o").get(0);
		lane.backend().breaker().transitionToForcedOpenState();
		await("first", "gpt-4o", 1000);
		this.time.advance(120);
		lane.backend().breaker().transitionToClosedState();
		this.time.advance(50);
		assertThat(this.told).containsExactly("first may go");
		assertThat(this.time.timersSet()).isLessThan(6);
	}

	private Disposable await(String who, String model, long millis) {
		return this.line.await(attempts(model), Duration.ofMillis(millis), false)
			.subscribe((free) -> this.told.add(who + (free ? " may go" : " must not")));
	}

	private Attempts attempts(String model) {
		return new Attempts(this.pool, this.pool.lanes(model), this.time.timing().ticker());
	}

	private Lane rest(String model, long millis) {
		Lane lane = this.pool.lanes(model).get(0);
		throttle(lane, millis);
		return lane;
	}

	private static void throttle(Lane lane, long millis) {
		lane.tryBegin().end(new Outcome.Throttled(Duration.ofMillis(millis)));
	}

}
