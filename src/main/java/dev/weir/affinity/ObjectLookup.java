package dev.weir.affinity;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Collectors;

import com.github.benmanes.caffeine.cache.AsyncCache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Expiry;
import com.github.benmanes.caffeine.cache.Ticker;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.netty.http.client.HttpClient;

import dev.weir.backend.Backend;
import dev.weir.backend.CooldownReason;
import dev.weir.backend.Lane;
import dev.weir.backend.Pool;
import dev.weir.config.AffinityProperties;
import dev.weir.openai.call.ClientDialect;
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
		Key key = Key.of(question);
		if (this.results.getIfPresent(key) == null && !this.rate.tryAcquire(this.settings.get().maxLookups())) {
			return Mono.just(new LookupResult.Limited());
		}
		// other requests wait for the same future, so a cancelled request must not cancel
		// it
		return Mono.fromFuture(() -> this.results.get(key, (it, executor) -> askAll(question).toFuture()), true);
	}

	private Mono<LookupResult> askAll(BackendQuestion question) {
		return Flux.fromIterable(onePerPlace(question))
			.flatMap((backend) -> ask(question, backend), PARALLEL)
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

	private Mono<Asked> ask(BackendQuestion question, Backend backend) {
		return Mono.defer(() -> {
			if (!mayBeAsked(question.pool(), backend)) {
				return Mono.just(new Asked(backend, BackendQuestion.Ownership.UNKNOWN));
			}
			return question.ask(backend, this.endpoints.of(backend), this.client.get())
				.timeout(this.settings.get().lookupTimeout(), Mono.just(BackendQuestion.Ownership.UNKNOWN), this.timers)
				.map((ownership) -> new Asked(backend, ownership));
		}).delaySubscription(shortCooldown(question.pool(), backend), this.timers);
	}

	/** A backend that throttles, fails or refuses the credential is left alone. */
	private static boolean mayBeAsked(Pool pool, Backend backend) {
		Lane lane = pool.lanes("").of(backend);
		CooldownReason reason = (lane != null) ? lane.cooldownReason() : backend.cooldownReason();
		return reason == null && !backend.isBreakerOpen();
	}

	/** The time to wait for the end of a cooldown, if max-wait allows it. */
	private static Duration shortCooldown(Pool pool, Backend backend) {
		Duration left = cooldownLeft(pool, backend);
		return (left.compareTo(pool.properties().maxWait()) <= 0) ? left : Duration.ZERO;
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

	/**
	 * How backends are reached.
	 *
	 * @param endpoints their URLs and credentials
	 * @param client the HTTP client
	 */
	record Connections(BackendEndpoints endpoints, Supplier<HttpClient> client) {
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
