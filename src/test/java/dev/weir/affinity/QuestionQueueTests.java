package dev.weir.affinity;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.IntStream;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;

import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;
import org.springframework.http.HttpHeaders;
import org.springframework.util.unit.DataSize;

import dev.weir.backend.Backend;
import dev.weir.backend.Outcome;
import dev.weir.backend.Pool;
import dev.weir.backend.Pools;
import dev.weir.config.AffinityProperties;
import dev.weir.config.BackendProperties;
import dev.weir.config.ClientProperties;
import dev.weir.config.UnknownOwner;
import dev.weir.openai.call.ApiPath;
import dev.weir.openai.stored.ObjectKind;
import dev.weir.openai.stored.StoredObject;
import dev.weir.queue.PoolWaitQueues;
import dev.weir.queue.WaitQueues;
import dev.weir.request.Client;
import dev.weir.request.RequestContext;
import dev.weir.testing.TestPools;
import dev.weir.testing.TestRequests;
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

	/** The responses of all backends but alpha. */
	private Function<Backend, Mono<BackendQuestion.Ownership>> others = (backend) -> Mono
		.just(BackendQuestion.Ownership.NOT_OWNED);

	private void start(String maxWait, int maxWaiting) {
		start(maxWait, maxWaiting, TestPools.backend("alpha"), TestPools.backend("beta"));
	}

	private void start(String maxWait, int maxWaiting, BackendProperties... backends) {
		Pools pools = TestPools.pools(this.time, Map.of("max-wait", maxWait, "max-waiting", String.valueOf(maxWaiting)),
				backends);
		this.pool = pools.all().iterator().next();
		this.queues = new PoolWaitQueues(pools, this.time.timing(), Runnable::run);
		this.lookup = new ObjectLookup((question, backend) -> {
			if (!backend.name().equals("alpha")) {
				return this.others.apply(backend);
			}
			this.sent.add(this.time.now() / 1_000_000);
			return Mono.just(BackendQuestion.Ownership.NOT_OWNED);
		}, new MemoryObjectOwners(SETTINGS, this.time, Runnable::run), this.queues, () -> SETTINGS, this.time.timing());
	}

	private void throttleAlpha() {
		Backend alpha = this.pool.backends().get(0);
		this.pool.lanes("").of(alpha).tryBegin().end(new Outcome.Throttled(COOLDOWN));
	}

	private Disposable ask(String id) {
		return ask(null, id, this.results);
	}

	private Disposable ask(@Nullable Client client, String id, List<LookupResult> to) {
		return ask(client, id, new HttpHeaders(), to);
	}

	private Disposable ask(@Nullable Client client, String id, HttpHeaders headers, List<LookupResult> to) {
		return ask(new ObjectLookup.Asker(client, (client != null) ? client.name() : null), id, headers, to);
	}

	private Disposable ask(ObjectLookup.Asker asker, String id, HttpHeaders headers, List<LookupResult> to) {
		return this.lookup
			.ask(new BackendQuestion(this.pool, this.pool.backends(), List.of(),
					ApiPath.parse("GET", "/v1/files/" + id, null), headers, new StoredObject(ObjectKind.FILE, id)),
					asker)
			.subscribe(to::add);
	}

	private static HttpHeaders patience(String seconds) {
		HttpHeaders headers = new HttpHeaders();
		headers.set("x-stainless-timeout", seconds);
		return headers;
	}

	private static Client client(String name) {
		return new Client(new Binder(new MapConfigurationPropertySource(Map.of("it.name", name)))
			.bind("it", ClientProperties.class)
			.get());
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

	@Test
	void c24TheLookupsOfOneClientDoNotTakeAllPlaces() {
		start("60s", 4);
		throttleAlpha();
		Client heavy = client("heavy");
		Client light = client("light");
		List<LookupResult> toLight = new ArrayList<>();
		for (int i = 0; i < 9; i++) {
			ask(heavy, "file-" + i, this.results);
		}
		assertThat(this.results).as("all but four were refused").hasSize(5);
		ask(light, "file-of-light", toLight);
		ask(light, "file-of-light", toLight);
		assertThat(this.results).as("the last ones have given way").hasSize(7);
		ask(light, "file-of-light", toLight);
		assertThat(toLight).as("as many as the other client has").hasSize(1);
		assertThat(waiting()).isEqualTo(4);
		assertThat(this.results)
			.allSatisfy((result) -> assertThat(result).isEqualTo(new LookupResult.Unsure(List.of("alpha"), COOLDOWN)));
		this.time.advance(COOLDOWN.plusSeconds(2));
		assertThat(this.results.subList(7, 9)).containsOnly(new LookupResult.Unknown());
		assertThat(toLight.subList(1, 3)).containsOnly(new LookupResult.Unknown());
		assertThat(this.sent).hasSize(3);
		assertThat(waiting()).isZero();
	}

	@Test
	void aLookupGivesWayToARequestThatWaitsForALaneAndTheOtherWayRound() {
		start("60s", 2);
		throttleAlpha();
		this.pool.lanes("gpt-4o").forEach((lane) -> lane.tryBegin().end(new Outcome.Throttled(COOLDOWN)));
		Client heavy = client("heavy");
		ask(heavy, "file-1", this.results);
		ask(heavy, "file-2", this.results);
		List<Boolean> ofLight = new ArrayList<>();
		await(client("light"), ofLight);
		assertThat(ofLight).isEmpty();
		assertThat(this.results).hasSize(1);
		assertThat(waiting()).isEqualTo(2);
		this.time.advance(Duration.ofSeconds(10));
		assertThat(ofLight).containsExactly(true);
		assertThat(waiting()).isZero();
		List<Boolean> ofHeavy = new ArrayList<>();
		throttleAlpha();
		this.pool.lanes("gpt-4o").forEach((lane) -> lane.tryBegin().end(new Outcome.Throttled(COOLDOWN)));
		await(heavy, ofHeavy);
		await(heavy, ofHeavy);
		ask(client("light"), "file-3", this.results);
		assertThat(ofHeavy).containsExactly(false);
		assertThat(waiting()).isEqualTo(2);
	}

	private void await(Client client, List<Boolean> to) {
		RequestContext request = TestRequests.begin(this.pool, this.pool.lanes("gpt-4o"), this.time);
		request.identify(client);
		WaitQueues of = this.queues.of(this.pool);
		of.await(request, of.nextArrival(), Duration.ofSeconds(60), true).subscribe(to::add);
	}

	@Test
	void aLookupThatMayNotWaitAsksTheOtherBackendsAndHindersNoOtherClient() {
		start("60s", 2);
		throttleAlpha();
		Client heavy = client("heavy");
		ask(heavy, "file-1", this.results);
		ask(heavy, "file-2", this.results);
		ask(heavy, "file-3", this.results);
		assertThat(this.results).hasSize(1);
		List<LookupResult> toLight = new ArrayList<>();
		ask(client("light"), "file-3", toLight);
		assertThat(toLight).as("it has a place").isEmpty();
		this.others = (backend) -> Mono.just(BackendQuestion.Ownership.OWNED);
		ask(heavy, "file-4", this.results);
		assertThat(this.results.get(2)).isEqualTo(new LookupResult.Found(Owner.of(this.pool.backends().get(1))));
	}

	@Test
	void aRequestThatJoinsALookupBeforeItWaitsHasAPlaceWhileItWaits() {
		// more than are asked at a time, so that alpha is the last one
		start("60s", 10,
				IntStream.range(0, 33)
					.mapToObj((i) -> TestPools.backend((i == 0) ? "alpha" : "b" + i))
					.toArray(BackendProperties[]::new));
		throttleAlpha();
		List<MonoSink<BackendQuestion.Ownership>> asked = new ArrayList<>();
		this.others = (backend) -> Mono.create(asked::add);
		ask("file-1");
		Disposable second = ask("file-1");
		assertThat(waiting()).isZero();
		asked.forEach((it) -> it.success(BackendQuestion.Ownership.NOT_OWNED));
		assertThat(waiting()).isEqualTo(2);
		second.dispose();
		assertThat(waiting()).isEqualTo(1);
		this.time.advance(COOLDOWN.plusSeconds(2));
		assertThat(waiting()).isZero();
		assertThat(this.results).hasSize(1);
	}

	@Test
	void aLookupDoesNotWaitLongerThanItsClient() {
		start("60s", 10);
		throttleAlpha();
		ask(ObjectLookup.Asker.NONE, "file-1", patience("3.5"), this.results);
		assertThat(this.results).as("the cooldown is longer")
			.containsExactly(new LookupResult.Unsure(List.of("alpha"), COOLDOWN));
		ask("file-1");
		ask(ObjectLookup.Asker.NONE, "file-1", patience("600"), this.results);
		assertThat(waiting()).as("others have more time").isEqualTo(2);
		this.time.advance(COOLDOWN.plusSeconds(1));
		assertThat(this.results).hasSize(3);
		assertThat(waiting()).isZero();
	}

	@Test
	void aLookupEndsBeforeThePatienceOfItsClientDoes() {
		start("60s", 10);
		this.others = (backend) -> Mono.never();
		List<LookupResult> patient = new ArrayList<>();
		ask(ObjectLookup.Asker.NONE, "file-1", patience("2"), this.results);
		ask(ObjectLookup.Asker.NONE, "file-1", patience("300"), patient);
		this.time.advance(1799);
		assertThat(this.results).isEmpty();
		this.time.advance(1);
		assertThat(this.results).hasSize(1).first().isInstanceOf(LookupResult.Unsure.class);
		assertThat(patient).isEmpty();
		this.time.advance(SETTINGS.lookupTimeout());
		assertThat(patient).hasSize(1);
	}

	@Test
	void c10OneClientOfSeveralTakesHalfOfTheLookupsAtMost() {
		start("0s", 0);
		Client heavy = client("heavy");
		List<LookupResult> toLight = new ArrayList<>();
		for (int i = 0; i < 1000; i++) {
			ask(heavy, "file-" + i, this.results);
			if (i % 10 == 9) {
				ask(client("light"), "file-of-light-" + i, toLight);
			}
			this.time.advance(5);
		}
		assertThat(toLight).hasSize(100).containsOnly(new LookupResult.Unknown());
		assertThat(this.results.stream().filter((result) -> result instanceof LookupResult.Unknown).count())
			.as("25 at once, and 25 per second")
			.isBetween(145L, 155L);
	}

	@Test
	void anOnlyClientMayUseAllLookups() {
		start("0s", 0);
		Client only = client("only");
		for (int i = 0; i < 50; i++) {
			ask(new ObjectLookup.Asker(only, null), "file-" + i, new HttpHeaders(), this.results);
		}
		assertThat(this.results).hasSize(50).containsOnly(new LookupResult.Unknown());
	}

	@Test
	void c10TheQuestionsOfOneClientDoNotDelayThoseOfOthersAfterACooldown() {
		start("60s", 1000);
		throttleAlpha();
		Client heavy = client("heavy");
		for (int i = 0; i < 80; i++) {
			ask(heavy, "file-" + i, this.results);
			this.time.advance(40);
		}
		List<LookupResult> toLight = new ArrayList<>();
		HttpHeaders headers = patience("1");
		ask(client("light"), "file-of-light-1", headers, toLight);
		ask(client("light"), "file-of-light-2", headers, toLight);
		assertThat(toLight).as("it may wait").isEmpty();
		this.time.advance(500);
		assertThat(toLight).containsExactly(new LookupResult.Unknown(), new LookupResult.Unknown());
		assertThat(this.sent).as("in turn").hasSizeLessThan(8);
		this.time.advance(Duration.ofSeconds(2));
		assertThat(this.results).hasSize(80).containsOnly(new LookupResult.Unknown());
		assertThat(waiting()).isZero();
	}

	@Test
	void aQuestionIsRefusedAtTheEndOfItsTimeWhileTheNextOneToBeSentWaitsOn() {
		start("10s", 1000);
		throttleAlpha();
		ask(client("light"), "file-1", this.results);
		ask(client("light"), "file-2", this.results);
		this.time.advance(3000);
		List<LookupResult> later = new ArrayList<>();
		ask(client("other"), "file-3", later);
		this.time.advance(COOLDOWN.minusSeconds(3));
		assertThat(this.results).as("the first one was sent").hasSize(1);
		this.pool.lanes("")
			.of(this.pool.backends().get(0))
			.tryBegin()
			.end(new Outcome.Throttled(Duration.ofSeconds(9)));
		this.time.advance(Duration.ofSeconds(10).minus(COOLDOWN));
		assertThat(this.results).hasSize(1);
		this.time.advance(1);
		assertThat(this.results).as("after 10 s").hasSize(2);
		assertThat(later).isEmpty();
		this.time.advance(Duration.ofSeconds(3));
		assertThat(later).containsExactly(new LookupResult.Unknown());
		assertThat(waiting()).isZero();
	}

	@Test
	void aQuestionThatOthersDelayTooLongIsRefusedAtTheEndOfItsTime() {
		start("4s", 1000);
		throttleAlpha();
		List<LookupResult> ofHeavy = new ArrayList<>();
		for (int i = 0; i < 20; i++) {
			ask(client("heavy"), "file-" + i, ofHeavy);
		}
		assertThat(ofHeavy).as("they fit").isEmpty();
		for (int i = 0; i < 18; i++) {
			ask(client("light"), "file-of-light-" + i, this.results);
		}
		this.time.advance(4020);
		assertThat(ofHeavy).hasSize(20).contains(new LookupResult.Limited(List.of("alpha")));
		assertThat(waiting()).isZero();
	}

}
