package dev.weir.affinity;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

import org.junit.jupiter.api.Test;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;

import org.springframework.http.HttpHeaders;
import org.springframework.util.unit.DataSize;

import dev.weir.backend.Backend;
import dev.weir.backend.Outcome;
import dev.weir.backend.Pool;
import dev.weir.backend.Pools;
import dev.weir.config.AffinityProperties;
import dev.weir.config.UnknownOwner;
import dev.weir.openai.call.ApiPath;
import dev.weir.openai.stored.ObjectKind;
import dev.weir.openai.stored.StoredObject;
import dev.weir.queue.PoolWaitQueues;
import dev.weir.testing.TestPools;
import dev.weir.testing.VirtualTime;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * When backends are asked for unknown objects during and after a cooldown.
 */
class QuestionQueueTests {

	private static final AffinityProperties SETTINGS = new AffinityProperties(DataSize.ofKilobytes(64),
			Duration.ofDays(1), 50, Duration.ofSeconds(5), UnknownOwner.ALLOW);

	private static final Duration COOLDOWN = Duration.ofMillis(3600);

	private final VirtualTime time = new VirtualTime();

	/** When each question was sent to alpha, in milliseconds. */
	private final List<Long> sent = new ArrayList<>();

	private final List<LookupResult> results = new ArrayList<>();

	private Pool pool;

	private PoolWaitQueues queues;

	private ObjectLookup lookup;

	private void start(String maxWait, int maxWaiting) {
		Pools pools = TestPools.pools(this.time, Map.of("max-wait", maxWait, "max-waiting", String.valueOf(maxWaiting)),
				TestPools.backend("alpha"), TestPools.backend("beta"));
		this.pool = pools.all().iterator().next();
		this.queues = new PoolWaitQueues(pools, this.time.timing(), Runnable::run);
		this.lookup = new ObjectLookup((question, backend) -> {
			if (backend.name().equals("alpha")) {
				this.sent.add(this.time.now() / 1_000_000);
			}
			return Mono.just(BackendQuestion.Ownership.NOT_OWNED);
		}, new MemoryObjectOwners(SETTINGS, this.time, Runnable::run), this.queues, () -> SETTINGS, this.time.timing());
	}

	private void throttleAlpha() {
		Backend alpha = this.pool.backends().get(0);
		this.pool.lanes("").of(alpha).tryBegin().end(new Outcome.Throttled(COOLDOWN));
	}

	private Disposable ask(String id) {
		return this.lookup
			.ask(new BackendQuestion(this.pool, this.pool.backends(), List.of(),
					ApiPath.parse("GET", "/v1/files/" + id, null), new HttpHeaders(),
					new StoredObject(ObjectKind.FILE, id)))
			.subscribe(this.results::add);
	}

	private int waiting() {
		return this.queues.of(this.pool).waiting();
	}

	@Test
	void theQuestionsThatWaitForACooldownAreSpreadAfterIt() {
		start("60s", 1000);
		throttleAlpha();
		for (int i = 0; i < 180; i++) {
			ask("file-" + i);
			this.time.advance(20);
		}
		assertThat(this.sent).hasSizeLessThanOrEqualTo(1);
		for (int i = 180; i < 300; i++) {
			ask("file-" + i);
			this.time.advance(20);
		}
		for (int i = 0; i < 500; i++) {
			this.time.advance(20);
		}
		assertThat(this.sent).hasSize(300);
		assertThat(sentBefore(COOLDOWN.toMillis() + 90)).isEqualTo(5);
		assertThat(sentBefore(COOLDOWN.toMillis() + 490)).isEqualTo(25);
		for (long from : this.sent) {
			assertThat(this.sent.stream().filter((at) -> at >= from && at < from + 1000).count())
				.isLessThanOrEqualTo(51);
		}
		assertThat(this.results).hasSize(300).allMatch((result) -> result instanceof LookupResult.Unknown);
		assertThat(waiting()).isZero();
	}

	private long sentBefore(long end) {
		return this.sent.stream().filter((at) -> at < end).count();
	}

	@Test
	void theRequestsThatWaitForALookupAreCountedAndLimited() {
		start("60s", 3);
		throttleAlpha();
		ask("file-1");
		ask("file-1");
		ask("file-2");
		assertThat(waiting()).isEqualTo(3);
		assertThat(this.results).isEmpty();
		ask("file-3");
		ask("file-2");
		assertThat(waiting()).isEqualTo(3);
		assertThat(this.results).hasSize(2).allSatisfy((result) -> {
			assertThat(result).isInstanceOf(LookupResult.Unsure.class);
			assertThat(((LookupResult.Unsure) result).backends()).contains("alpha");
			assertThat(((LookupResult.Unsure) result).retryAfter()).isEqualTo(COOLDOWN);
		});
		this.time.advance(COOLDOWN.plusSeconds(2));
		assertThat(this.results).hasSize(5);
		assertThat(waiting()).isZero();
		assertThat(this.sent).hasSize(2);
	}

	@Test
	void aQuestionThatWouldWaitTooLongIsNotAsked() {
		start("4s", 1000);
		throttleAlpha();
		for (int i = 0; i < 40; i++) {
			ask("file-" + i);
		}
		assertThat(waiting()).isBetween(15, 25);
		this.time.advance(Duration.ofSeconds(10));
		assertThat(this.results).hasSize(40);
		assertThat(waiting()).isZero();
	}

	@Test
	void aRampAfterACooldownDoesNotHoldLookups() {
		start("0s", 0);
		throttleAlpha();
		this.time.advance(COOLDOWN);
		for (int i = 0; i < 20; i++) {
			ask("file-" + i);
			this.time.advance(20);
		}
		assertThat(this.results).hasSize(20).allMatch((result) -> result instanceof LookupResult.Unknown);
	}

	@Test
	void lookupsAreSpreadForASecondAfterACooldownOnlyAlsoIfNoRequestEndsTheRamp() {
		start("0s", 0);
		throttleAlpha();
		this.time.advance(COOLDOWN.plusSeconds(1));
		for (int i = 0; i < 40; i++) {
			ask("file-" + i);
		}
		assertThat(this.sent).hasSize(40);
		assertThat(this.results).hasSize(40).allMatch((result) -> result instanceof LookupResult.Unknown);
	}

	@Test
	void aQuestionThatOneBackendGetsTooEarlyIsLimitedAsIfAllDid() {
		start("0s", 0);
		throttleAlpha();
		this.time.advance(COOLDOWN);
		ask("file-1");
		ask("file-2");
		assertThat(this.results).hasSize(2);
		assertThat(this.results.get(0)).isInstanceOf(LookupResult.Unknown.class);
		assertThat(this.results.get(1)).isEqualTo(new LookupResult.Limited(List.of("alpha")));
	}

	@Test
	void aClientThatLeavesGivesItsPlaceBackAndTheLookupEndsWithTheLastClient() {
		start("60s", 2);
		throttleAlpha();
		Disposable first = ask("file-1");
		Disposable second = ask("file-1");
		assertThat(waiting()).isEqualTo(2);
		first.dispose();
		assertThat(waiting()).isEqualTo(1);
		Disposable third = ask("file-1");
		assertThat(waiting()).isEqualTo(2);
		second.dispose();
		third.dispose();
		assertThat(waiting()).isZero();
		this.time.advance(COOLDOWN.plusSeconds(2));
		assertThat(this.sent).isEmpty();
		ask("file-1");
		assertThat(this.sent).hasSize(1);
		assertThat(this.results).hasSize(1);
	}

	@Test
	void aLookupGoesOnForTheOthersIfTheFirstClientLeaves() {
		start("60s", 2);
		throttleAlpha();
		Disposable first = ask("file-1");
		ask("file-1");
		first.dispose();
		this.time.advance(COOLDOWN.plusSeconds(2));
		assertThat(this.sent).hasSize(1);
		assertThat(this.results).hasSize(1);
		assertThat(waiting()).isZero();
	}

	@Test
	void aLookupWaitsForNoRampIfThereIsNone() {
		start("0s", 0);
		for (int i = 0; i < 50; i++) {
			ask("file-" + i);
		}
		assertThat(this.sent).hasSize(50);
		assertThat(this.results).hasSize(50).allMatch((result) -> result instanceof LookupResult.Unknown);
	}

}
