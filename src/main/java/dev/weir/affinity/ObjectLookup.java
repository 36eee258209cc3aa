package dev.weir.affinity;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import java.util.stream.Collectors;

import com.github.benmanes.caffeine.cache.AsyncCache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Expiry;
import com.github.benmanes.caffeine.cache.LoadingCache;
import org.jspecify.annotations.Nullable;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

import dev.weir.backend.Backend;
import dev.weir.backend.BackendCondition;
import dev.weir.backend.CooldownReason;
import dev.weir.backend.Lane;
import dev.weir.backend.Pool;
import dev.weir.config.AffinityProperties;
import dev.weir.openai.call.ClientDialect;
import dev.weir.openai.stored.StoredObject;
import dev.weir.queue.PoolWaitQueues;
import dev.weir.queue.Timing;

/**
 * Asks the backends of a pool for an object whose owner is not known, in parallel. There
 * is one lookup of an object at a time, and its result is kept for some seconds. The
 * number of lookups per second is limited, and so is that of the questions that one
 * backend gets: made-up ids do not reach backends in any number. Results count neither
 * for circuit breakers nor for cooldowns.
 */
final class ObjectLookup {

	/** A made-up id is not looked up again for this time. */
	private static final Duration KEEP_UNKNOWN = Duration.ofSeconds(10);

	private static final Duration KEEP_OTHERS = Duration.ofSeconds(1);

	private static final int MAX_KEPT = 10_000;

	private static final BackendQuestion.Ownership UNKNOWN = BackendQuestion.Ownership.UNKNOWN;

	/** Backends that are asked at a time for one object. */
	private static final int PARALLEL = 32;

	private final Sender sender;

	private final ObjectOwners owners;

	private final PoolWaitQueues queues;

	private final Supplier<AffinityProperties> settings;

	private final Timing timing;

	private final LookupRate rate;

	private final AsyncCache<Key, LookupResult> results;

	/** The places of the lookups that run. */
	private final Map<Key, WaitingPlace> places = new ConcurrentHashMap<>();

	/** By the state of the backend, which outlives a reload. */
	private final LoadingCache<BackendCondition, QuestionQueue> questions;

	/**
	 * Creates the lookup.
	 * @param sender asks a backend
	 * @param owners where the owners that are found are recorded
	 * @param queues count and limit the requests that wait for a cooldown
	 * @param settings the current settings
	 * @param timing the clock and the timers
	 */
	ObjectLookup(Sender sender, ObjectOwners owners, PoolWaitQueues queues, Supplier<AffinityProperties> settings,
			Timing timing) {
		this.sender = sender;
		this.owners = owners;
		this.queues = queues;
		this.settings = settings;
		this.timing = timing;
		this.rate = new LookupRate(timing.ticker());
		this.questions = Caffeine.newBuilder()
			.weakKeys()
			.build((backend) -> new QuestionQueue(timing, () -> settings.get().maxLookups()));
		this.results = Caffeine.newBuilder()
			.ticker(timing.ticker())
			.executor(Runnable::run)
			.maximumSize(MAX_KEPT)
			.expireAfter(Expiry.writing((Key key, LookupResult result) -> keep(result)))
			.buildAsync();
	}

	private static Duration keep(LookupResult result) {
		if (result instanceof LookupResult.Found) {
			// the owner is remembered, until its backend has the object no longer
			return Duration.ZERO;
		}
		return (result instanceof LookupResult.Unknown) ? KEEP_UNKNOWN : KEEP_OTHERS;
	}

	/**
	 * Asks the backends of a pool for an object.
	 * @param question the object, and the request that names it
	 * @return the result, on any thread; never an error
	 */
	Mono<LookupResult> ask(BackendQuestion question) {
		if (!question.isPossible()) {
			return Mono.just(new LookupResult.Unknown());
		}
		return Mono.defer(() -> {
			Key key = Key.of(question);
			CompletableFuture<LookupResult> running = this.results.getIfPresent(key);
			if (running != null) {
				return join(question, key, running);
			}
			if (!this.rate.tryAcquire(this.settings.get().maxLookups())) {
				return Mono.just(new LookupResult.Limited());
			}
			// other requests wait for the same future, so a cancelled request must not
			// cancel it
			return Mono.fromFuture(this.results.get(key, (it, executor) -> begin(question, it)), true);
		});
	}

	/** Waits for the lookup of another request. */
	private Mono<LookupResult> join(BackendQuestion question, Key key, CompletableFuture<LookupResult> running) {
		WaitingPlace other = this.places.get(key);
		if (running.isDone() || other == null || !other.isTaken()) {
			return Mono.fromFuture(running, true);
		}
		WaitingPlace place = new WaitingPlace(this.queues.of(question.pool()));
		return place.take() ? Mono.fromFuture(running, true).doFinally((signal) -> place.release())
				: Mono.just(conclude(question,
						onePerPlace(question).stream().map((backend) -> new Asked(backend, UNKNOWN)).toList()));
	}

	private CompletableFuture<LookupResult> begin(BackendQuestion question, Key key) {
		WaitingPlace place = new WaitingPlace(this.queues.of(question.pool()));
		this.places.put(key, place);
		CompletableFuture<LookupResult> result = new CompletableFuture<>();
		Disposable unused = askAll(question, place).doFinally((signal) -> {
			this.places.remove(key, place);
			place.release();
		}).subscribe(result::complete, result::completeExceptionally);
		return result;
	}

	private Mono<LookupResult> askAll(BackendQuestion question, WaitingPlace place) {
		return Flux.fromIterable(onePerPlace(question))
			.flatMap((backend) -> ask(question, backend, place), PARALLEL)
			.takeUntil((asked) -> asked.ownership() == BackendQuestion.Ownership.OWNED)
			.collectList()
			.map((all) -> conclude(question, all));
	}

	/** Of the backends of one resource, one that can be asked now. */
	private static List<Backend> onePerPlace(BackendQuestion question) {
		List<Backend> chosen = new ArrayList<>();
		question.backends()
			.stream()
			.sorted(Comparator.comparing((backend) -> !mayBeAsked(question.pool(), backend)))
			.filter((backend) -> chosen.stream().noneMatch((it) -> Owner.of(it).isSamePlace(Owner.of(backend))))
			.forEach(chosen::add);
		return chosen;
	}

	private Mono<Asked> ask(BackendQuestion question, Backend backend, WaitingPlace place) {
		Lane lane = question.pool().lanes("").of(backend);
		Mono<Boolean> turn = (lane == null) ? Mono.just(mayBeAsked(question.pool(), backend))
				: this.questions.get(backend.condition())
					.await(lane, question.pool().properties().maxWait(), place::take);
		return turn.flatMap((mayAsk) -> mayAsk ? send(question, backend) : Mono.just(UNKNOWN))
			.map((ownership) -> new Asked(backend, ownership));
	}

	private Mono<BackendQuestion.Ownership> send(BackendQuestion question, Backend backend) {
		return this.sender.send(question, backend)
			.timeout(this.settings.get().lookupTimeout(), Mono.just(UNKNOWN), this.timing.timers());
	}

	/** A backend that throttles, fails or refuses the credential is left alone. */
	private static boolean mayBeAsked(Pool pool, Backend backend) {
		Lane lane = pool.lanes("").of(backend);
		CooldownReason reason = (lane != null) ? lane.cooldownReason() : backend.cooldownReason();
		return reason == null && !backend.isBreakerOpen();
	}

	private static Duration cooldownLeft(Pool pool, Backend backend) {
		Lane lane = pool.lanes("").of(backend);
		return (lane != null) ? lane.cooldownLeft() : Duration.ZERO;
	}

	private LookupResult conclude(BackendQuestion question, List<Asked> all) {
		List<String> unasked = new ArrayList<>(question.leftOut());
		Duration retryAfter = Duration.ZERO;
		for (Asked asked : all) {
			switch (asked.ownership()) {
				case OWNED -> {
					Owner owner = Owner.of(asked.backend());
					this.owners.remember(List.of(question.object()), owner);
					return new LookupResult.Found(owner);
				}
				case UNKNOWN -> {
					Duration left = cooldownLeft(question.pool(), asked.backend());
					retryAfter = (left.compareTo(retryAfter) > 0) ? left : retryAfter;
					unasked.add(asked.backend().name());
				}
				case NOT_OWNED -> {
				}
			}
		}
		return unasked.isEmpty() ? new LookupResult.Unknown() : new LookupResult.Unsure(unasked, retryAfter);
	}

	/** Asks a backend. */
	@FunctionalInterface
	interface Sender {

		/**
		 * Asks a backend.
		 * @param question the question
		 * @param backend the backend
		 * @return whether it has the object; never an error
		 */
		Mono<BackendQuestion.Ownership> send(BackendQuestion question, Backend backend);

	}

	private record Asked(Backend backend, BackendQuestion.Ownership ownership) {
	}

	/** Requests of another dialect or version may reach other backends. */
	private record Key(String pool, StoredObject object, Set<Owner> asked, ClientDialect dialect,
			@Nullable String version) {

		static Key of(BackendQuestion question) {
			return new Key(question.pool().name(), question.object(),
					question.backends().stream().map(Owner::of).collect(Collectors.toUnmodifiableSet()),
					question.call().dialect(), question.call().apiVersionQuery());
		}

	}

}
