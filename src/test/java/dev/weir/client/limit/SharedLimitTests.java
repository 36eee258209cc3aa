package dev.weir.client.limit;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import dev.weir.config.ClientPriority;
import dev.weir.config.ClientProperties;
import dev.weir.openai.error.ApiErrorException;
import dev.weir.request.Reservation;
import dev.weir.request.TokenDemand;
import dev.weir.testing.VirtualTime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

/**
 * One limit that several Weirs share, in virtual time, which begins 4.75 s before a
 * minute and a day (UTC). Replies of the store arrive when the test says so.
 */
class SharedLimitTests {

	private static final String GPT = "gpt-4o";

	private final VirtualTime time = new VirtualTime();

	private final LimitClock clock = new LimitClock(this.time, this.time);

	private final LeaseStore store = new LeaseStore();

	private ClientProperties settings = tokens(1000);

	private static ClientProperties tokens(long perMinute) {
		return client(null, perMinute, null);
	}

	private static ClientProperties client(@Nullable Long requests, @Nullable Long tokens, @Nullable Long daily) {
		return new ClientProperties("chat", List.of(), List.of(), List.of(), List.of(), List.of(), List.of(), List.of(),
				List.of(), null, requests, tokens, daily, null, List.of(), ClientPriority.NORMAL);
	}

	private Instance instance() {
		return new Instance(this.store.weir(true));
	}

	private List<Instance> instances(int count) {
		List<LeaseStore.Weir> weirs = new ArrayList<>();
		for (int i = 0; i < count; i++) {
			weirs.add(this.store.weir(true));
		}
		return weirs.stream().map(Instance::new).toList();
	}

	@Test
	void eachWeirGrantsItsPartWithoutAReplyOfTheStore() {
		List<Instance> weirs = instances(2);
		for (Instance weir : weirs) {
			weir.take(250);
			assertThat(weir.refused(1).headers()).containsEntry("retry-after-ms", "100");
		}
	}

	@Test
	void aLeaseComesBeforeThePartIsUsedUp() {
		List<Instance> weirs = instances(2);
		int granted = 0;
		for (int i = 0; i < 10; i++) {
			granted += weirs.get(0).tryTake(75) ? 1 : 0;
			this.store.deliverAll();
		}
		assertThat(granted).isEqualTo(10);
		weirs.get(1).take(250);
		weirs.get(1).tick();
		this.store.deliverAll();
		this.time.advance(Duration.ofMillis(50));
		weirs.get(0).refused(1);
		this.store.deliverAll();
		assertThat(weirs.get(0).refused(1).headers()).containsEntry("retry-after-ms", "4700")
			.containsEntry("x-ratelimit-remaining-tokens", "0");
	}

	@Test
	void theLimitIsWholeForAllInTheNextWindow() {
		List<Instance> weirs = instances(2);
		weirs.forEach((weir) -> weir.take(250));
		this.store.deliverAll();
		this.time.advance(Duration.ofMillis(4750));
		for (int i = 0; i < 60; i++) {
			weirs.get(i % 2).tryTake(50);
			this.store.deliverAll();
			this.time.advance(Duration.ofMillis(30));
		}
		// less than one request for each may be left over
		assertThat(weirs.get(0).used() + weirs.get(1).used()).isBetween(950L, 1000L);
	}

	@Test
	void anOutputThatARequestDoesNotStateIsReservedAsFarAsThePartHasIt() {
		List<Instance> weirs = instances(3);
		// the part is 167
		assertThat(weirs.get(0).take(new TokenDemand(10, 0, 256, Reservation.Kind.TOKENS))).isNotNull();
		assertThat(weirs.get(0).used()).isEqualTo(167);
		weirs.get(0).refused(1);
	}

	@Test
	void aWeirThatDoesNotUseItsShareReturnsItToTheOneThatNeedsIt() {
		List<Instance> weirs = instances(2);
		int granted = 0;
		for (int i = 0; i < 40 && granted < 20; i++) {
			granted += weirs.get(0).tryTake(50) ? 1 : 0;
			this.store.deliverAll();
			this.time.advance(Duration.ofMillis(100));
		}
		assertThat(granted).isEqualTo(20);
		assertThat(weirs.get(1).refused(1).headers()).containsKey("retry-after-ms");
	}

	@Test
	void whatOneWeirOverdrawsAllMissInTheNextWindow() {
		List<Instance> weirs = instances(2);
		Grant grant = weirs.get(0).take(200);
		this.store.deliverAll();
		grant.charge(1500);
		weirs.get(0).tick();
		this.store.deliverAll();
		this.time.advance(Duration.ofMillis(4750));
		long granted = 0;
		for (int i = 0; i < 40; i++) {
			granted += weirs.get(1).tryTake(50) ? 50 : 0;
			weirs.get(0).tick();
			this.store.deliverAll();
			this.time.advance(Duration.ofMillis(50));
		}
		assertThat(granted).isEqualTo(500);
	}

	@Test
	void settledTokensReturnToAll() {
		List<Instance> weirs = instances(2);
		List<Grant> grants = new ArrayList<>();
		for (int i = 0; i < 10; i++) {
			grants.add(weirs.get(0).take(75));
			this.store.deliverAll();
		}
		weirs.get(1).take(250);
		this.store.deliverAll();
		weirs.get(1).refused(100);
		grants.forEach((grant) -> grant.charge(0));
		weirs.get(0).tick();
		this.store.deliverAll();
		for (int i = 0; i < 5; i++) {
			this.time.advance(Duration.ofMillis(30));
			weirs.get(1).tryTake(100);
			this.store.deliverAll();
		}
		assertThat(weirs.get(1).used()).isGreaterThan(250);
	}

	@Test
	void aLimitOfADayIsLeasedWithoutParts() {
		this.settings = client(null, null, 10_000L);
		List<Instance> weirs = instances(2);
		long granted = 0;
		for (int i = 0; i < 100; i++) {
			granted += weirs.get(i % 2).tryTake(150) ? 150 : 0;
			this.store.deliverAll();
			this.time.advance(Duration.ofMillis(20));
		}
		assertThat(granted).isBetween(9500L, 10_000L);
	}

	@Test
	void aRefusalIsFinalOnlyIfTheLimitOfAllLeavesTooLittle() {
		for (int seed = 0; seed < 300; seed++) {
			new SharedLimitTests().useUp(seed);
		}
	}

	/** One request after the other, which use a part of what they state. */
	private void useUp(int seed) {
		Random random = new Random(seed);
		long limit = 3000;
		this.settings = client(null, null, limit);
		List<Instance> weirs = instances(1 + random.nextInt(3));
		boolean alternating = random.nextBoolean();
		int stated = 100 + random.nextInt(600);
		int used = 10 + random.nextInt(90);
		int pause = 100 + random.nextInt(1500);
		int end = random.nextInt(100);
		this.time.advance(4750);
		long left = limit;
		int refused = 0;
		int sinceTick = random.nextInt(1000);
		for (int i = 0; left >= stated; i++) {
			// at the end, one Weir gets all requests
			int next = alternating ? i : random.nextInt(weirs.size());
			Instance weir = weirs.get(((i < end) ? next : end) % weirs.size());
			int wait = pause;
			try {
				Grant grant = weir.take(stated);
				this.store.deliverAll();
				grant.charge(used);
				grant.end(true);
				left -= used;
				refused = 0;
			}
			catch (LimitExceededException ex) {
				// a second if the request before was running at the last report
				assertThat(ex.toReply("chat").headers()).as("seed %d, %d left", seed, left)
					.doesNotContainKey("x-should-retry")
					.extractingByKey("retry-after-ms")
					.isIn("100", "1000");
				assertThat(++refused).as("seed %d, %d left", seed, left).isLessThan(20);
				wait = 100;
			}
			this.store.deliverAll();
			for (int millis = 0; millis < wait; millis++) {
				this.time.advance(1);
				if (++sinceTick % 1000 == 0) {
					weirs.forEach(Instance::tick);
				}
				this.store.deliverAll();
			}
		}
		this.time.advance(1000);
		for (Instance weir : weirs) {
			weirs.forEach(Instance::tick);
			weir.tryTake(stated);
			this.store.deliverAll();
			assertThat(weir.refused(stated).headers()).as("seed %d", seed).containsEntry("x-should-retry", "false");
		}
	}

	@Test
	void aRequestWaitsForRunningOnesOfOtherWeirs() {
		this.settings = client(null, null, 1000L);
		List<Instance> weirs = instances(2);
		this.time.advance(4750);
		Grant running = weirs.get(0).take(900);
		this.store.deliverAll();
		weirs.get(1).tryTake(200);
		this.store.deliverAll();
		this.time.advance(100);
		for (String wait : List.of("100", "1000")) {
			assertThat(weirs.get(1).refused(200).headers()).containsEntry("retry-after-ms", wait)
				.doesNotContainKey("x-should-retry");
			this.store.deliverAll();
			this.time.advance(100);
		}
		running.charge(900);
		running.end(true);
		weirs.get(0).tick();
		weirs.get(1).refused(200);
		this.store.deliverAll();
		assertThat(weirs.get(1).refused(200).headers()).containsEntry("x-should-retry", "false");
	}

	@Test
	void aRefusalNamesTheOtherWeirsIfTheyHoldTheRest() {
		List<Instance> weirs = instances(2);
		weirs.get(0).take(250);
		assertThat(weirs.get(0).refused(100).error().message())
			.contains("1000 tokens per minute: used 250, requested 100; other instances of Weir hold the rest");
	}

	@Test
	void whileTheStoreIsAwayEachWeirGrantsTheLimitAndNothingIsCountedTwice() {
		List<Instance> weirs = instances(2);
		weirs.forEach((weir) -> weir.take(200));
		this.store.deliverAll();
		this.store.down();
		weirs.get(0).take(300);
		assertThat(weirs.get(0).used()).isEqualTo(500);
		this.store.up();
		// local until the store has the report
		weirs.get(0).tick();
		weirs.get(1).tick();
		this.store.deliverAll();
		// 500 and 200 are used, 300 are left
		long granted = 0;
		for (int i = 0; i < 40; i++) {
			granted += weirs.get(i % 2).tryTake(20) ? 20 : 0;
			this.store.deliverAll();
			this.time.advance(Duration.ofMillis(25));
		}
		assertThat(granted).isBetween(260L, 300L);
	}

	@Test
	void aWeirWithoutAReplyGoesOnAlone() {
		this.store.weir(true);
		LeaseStore.Weir deaf = this.store.weir(true);
		Instance weir = new Instance(deaf);
		deaf.lostReplies = 1;
		weir.take(250);
		this.store.deliverAll();
		weir.take(750);
		weir.refused(1);
	}

	@Test
	void aWeirThatStartsInTheMiddleOfAMinuteLeasesBeforeTheFirstRequest() {
		instances(1);
		Instance guest = new Instance(this.store.weir(false));
		guest.quota.prepare(this.settings);
		this.store.deliverAll();
		guest.take(50);
	}

	@ParameterizedTest
	@ValueSource(booleans = { false, true })
	void theLimitHoldsInRandomSchedules(boolean outages) {
		for (int seed = 0; seed < 1500; seed++) {
			new SharedLimitTests().run(seed, outages);
		}
	}

	private void run(int seed, boolean outages) {
		Random random = new Random(seed);
		long limit = 1 + random.nextInt(random.nextBoolean() ? 30 : 3000);
		int count = 1 + random.nextInt(4);
		this.settings = random.nextInt(3) == 0 ? client(limit, null, null) : tokens(limit);
		List<Instance> weirs = new ArrayList<>();
		List<LeaseStore.Weir> links = new ArrayList<>();
		for (int i = 0; i < count; i++) {
			links.add(this.store.weir(i == 0 || random.nextInt(4) > 0));
		}
		links.forEach((link) -> weirs.add(new Instance(link)));
		Map<Long, Long> reserved = new HashMap<>();
		Map<Long, Boolean> disturbed = new HashMap<>();
		List<Running> running = new ArrayList<>();
		boolean up = true;
		for (int step = 0; step < 400; step++) {
			long window = this.clock.now() / 60_000_000_000L;
			if (!up) {
				disturbed.put(window, true);
			}
			Instance weir = weirs.get(random.nextInt(count));
			switch (random.nextInt(outages ? 12 : 10)) {
				case 0, 1, 2 -> {
					long before = weir.used();
					TokenDemand demand = new TokenDemand(1 + random.nextInt((int) Math.max(1, limit / 2)), 0,
							random.nextInt(256), Reservation.Kind.TOKENS);
					Grant grant = weir.tryTake(demand);
					if (grant != null) {
						long taken = weir.used() - before;
						running.add(new Running(grant, window, taken));
						reserved.merge(window, taken, Long::sum);
					}
				}
				case 3 -> {
					if (!running.isEmpty() && this.settings.tokensPerMinute() != null) {
						Running one = running.remove(random.nextInt(running.size()));
						long total = random.nextInt((int) limit + 1);
						one.grant.charge(total);
						if (one.window == window && total < one.taken) {
							reserved.merge(window, total - one.taken, Long::sum);
						}
					}
				}
				case 4 -> this.time.advance(Duration.ofMillis(random.nextInt(3000)));
				case 5 -> weir.tick();
				case 10 -> {
					if (up) {
						this.store.down();
					}
					else {
						this.store.up();
					}
					up = !up;
					disturbed.put(window, true);
				}
				case 11 -> {
					links.get(random.nextInt(count)).lostReplies++;
					disturbed.put(window, true);
					disturbed.put(window + 1, true);
				}
				default -> this.store.deliver();
			}
			long now = this.clock.now() / 60_000_000_000L;
			if (up && now != window) {
				// requests that began in a disturbed window may still be on their way
				disturbed.merge(now, disturbed.getOrDefault(window, false), Boolean::logicalOr);
			}
			long most = disturbed.getOrDefault(now, false) ? limit * count : limit;
			assertThat(reserved.getOrDefault(now, 0L)).as("seed %d, step %d", seed, step).isLessThanOrEqualTo(most);
		}
	}

	private record Running(Grant grant, long window, long taken) {
	}

	private final class Instance {

		private final ClientQuota quota;

		Instance(LeaseStore.Weir link) {
			this.quota = new ClientQuota("chat", SharedLimitTests.this.settings, SharedLimitTests.this.clock, link);
			link.listen(new LimitLeases.Listener() {

				@Override
				public void onConnected() {
				}

				@Override
				public void onTick() {
					tick();
				}

				@Override
				public void onShortage(LimitLeases.Key key, long window, boolean first) {
					Instance.this.quota.onShortage(key, window, first);
				}

			});
		}

		Grant take(long tokens) {
			return take(new TokenDemand(tokens, 0, 0, Reservation.Kind.TOKENS));
		}

		Grant take(TokenDemand demand) {
			return this.quota.take(SharedLimitTests.this.settings, GPT, demand);
		}

		@Nullable Grant tryTake(TokenDemand demand) {
			try {
				return take(demand);
			}
			catch (LimitExceededException ex) {
				return null;
			}
		}

		boolean tryTake(long tokens) {
			return tryTake(new TokenDemand(tokens, 0, 0, Reservation.Kind.TOKENS)) != null;
		}

		ApiErrorException refused(long tokens) {
			return catchThrowableOfType(LimitExceededException.class, () -> take(tokens)).toReply("chat");
		}

		long used() {
			return this.quota.report("chat", SharedLimitTests.this.settings).limits().get(0).used();
		}

		void tick() {
			this.quota.report();
		}

	}

}
