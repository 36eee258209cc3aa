package dev.weir.affinity;

import java.time.Duration;
import java.util.List;
import java.util.function.Supplier;

import com.github.benmanes.caffeine.cache.AsyncCache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Expiry;
import com.github.benmanes.caffeine.cache.Ticker;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.netty.http.client.HttpClient;

import dev.weir.backend.Backend;
import dev.weir.backend.CooldownReason;
import dev.weir.backend.Lane;
import dev.weir.backend.Pool;
import dev.weir.config.AffinityProperties;
import dev.weir.openai.stored.StoredObject;
import dev.weir.upstream.BackendEndpoints;

/**
 * Asks the backends of a pool for an object whose owner is not known, in parallel. There
 * is one lookup of an object at a time, and its result is kept for some seconds. The
 * number of lookups per second is limited, so made-up ids do not reach backends in any
 * number. Results count neither for circuit breakers nor for cooldowns.
 */
final class ObjectLookup {

	/** A made-up id is not looked up again for this time. */
	private static final Duration KEEP_UNKNOWN = Duration.ofSeconds(10);

	private static final Duration KEEP_OTHERS = Duration.ofSeconds(1);

	private static final int MAX_KEPT = 10_000;

	/** Backends that are asked at a time for one object. */
	private static final int PARALLEL = 32;

	private final BackendEndpoints endpoints;

	private final Supplier<HttpClient> client;

	private final ObjectOwners owners;

	private final Supplier<AffinityProperties> settings;

	private final Scheduler timers;

	private final LookupRate rate;

	private final AsyncCache<Key, LookupResult> results;

	/**
	 * Creates the lookup.
	 * @param connections how backends are reached
	 * @param owners where the owners that are found are recorded
	 * @param settings the current settings
	 * @param timers the scheduler for timeouts
	 * @param ticker a monotonic clock in nanoseconds
	 */
	ObjectLookup(Connections connections, ObjectOwners owners, Supplier<AffinityProperties> settings, Scheduler timers,
			Ticker ticker) {
		this.endpoints = connections.endpoints();
		this.client = connections.client();
		this.owners = owners;
		this.settings = settings;
		this.timers = timers;
		this.rate = new LookupRate(ticker);
		this.results = Caffeine.newBuilder()
			.ticker(ticker)
			.executor(Runnable::run)
			.maximumSize(MAX_KEPT)
			.expireAfter(Expiry.writing((Key key, LookupResult result) -> (result instanceof LookupResult.Unknown)
					? KEEP_UNKNOWN : KEEP_OTHERS))
			.buildAsync();
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
		Key key = new Key(question.pool().name(), question.object());
		if (this.results.getIfPresent(key) == null && !this.rate.tryAcquire(this.settings.get().maxLookups())) {
			return Mono.just(new LookupResult.Limited());
		}
		// other requests wait for the same future, so a cancelled request must not cancel
		// it
		return Mono.fromFuture(() -> this.results.get(key, (it, executor) -> askAll(question).toFuture()), true);
	}

	private Mono<LookupResult> askAll(BackendQuestion question) {
		return Flux.fromIterable(question.backends())
			.distinct(Owner::of)
			.flatMap((backend) -> ask(question, backend), PARALLEL)
			.takeUntil((answered) -> answered.answer() == BackendQuestion.Answer.YES)
			.collectList()
			.map((all) -> conclude(question.object(), all));
	}

	private Mono<Answered> ask(BackendQuestion question, Backend backend) {
		if (!mayBeAsked(question.pool(), backend)) {
			return Mono.just(new Answered(backend, BackendQuestion.Answer.NONE));
		}
		return question.ask(backend, this.endpoints.of(backend), this.client.get())
			.timeout(this.settings.get().lookupTimeout(), Mono.just(BackendQuestion.Answer.NONE), this.timers)
			.map((answer) -> new Answered(backend, answer));
	}

	/** A backend that throttles, fails or refuses the credential is left alone. */
	private static boolean mayBeAsked(Pool pool, Backend backend) {
		Lane lane = pool.lanes("").of(backend);
		CooldownReason reason = (lane != null) ? lane.cooldownReason() : backend.cooldownReason();
		return reason == null && !backend.isBreakerOpen();
	}

	private LookupResult conclude(StoredObject object, List<Answered> all) {
		for (Answered answered : all) {
			if (answered.answer() == BackendQuestion.Answer.YES) {
				Owner owner = Owner.of(answered.backend());
				this.owners.remember(List.of(object), owner);
				return new LookupResult.Found(owner);
			}
		}
		List<String> unasked = all.stream()
			.filter((answered) -> answered.answer() == BackendQuestion.Answer.NONE)
			.map((answered) -> answered.backend().name())
			.toList();
		return unasked.isEmpty() ? new LookupResult.Unknown() : new LookupResult.Unsure(unasked);
	}

	/**
	 * How backends are reached.
	 *
	 * @param endpoints their URLs and credentials
	 * @param client the HTTP client
	 */
	record Connections(BackendEndpoints endpoints, Supplier<HttpClient> client) {
	}

	private record Answered(Backend backend, BackendQuestion.Answer answer) {
	}

	private record Key(String pool, StoredObject object) {
	}

}
