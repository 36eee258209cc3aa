package dev.weir.affinity;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import java.util.stream.Collectors;

import com.github.benmanes.caffeine.cache.AsyncCache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Expiry;
import com.github.benmanes.caffeine.cache.LoadingCache;
import org.jspecify.annotations.Nullable;
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
import dev.weir.request.Client;
import dev.weir.request.Patience;
import dev.weir.request.RequestContext;

/**
 * Asks the backends of a pool for an object whose owner is not known, in parallel. There
 * is one lookup of an object at a time, and its result is kept for some seconds. The
 * number of lookups per second is limited, for each client of several, too, and so is
 * that of the questions that one backend gets: made-up ids do not reach backends in any
 * number. Results count neither for circuit breakers nor for cooldowns.
 */
final class ObjectLookup {

	/** A made-up id is not looked up again for this time. */
	private static final Duration KEEP_UNKNOWN = Duration.ofSeconds(10);

	private static final Duration KEEP_OTHERS = Duration.ofSeconds(1);

	private static final int MAX_KEPT = 10_000;

	/** How many lookups in a row may be found that their last request is leaving. */
	private static final int MAX_LEFT = 5;

	/** Backends that are asked at a time for one object. */
	private static final int PARALLEL = 32;

	private final Sender sender;

	private final ObjectOwners owners;

	private final PoolWaitQueues queues;

	private final Supplier<AffinityProperties> settings;

	private final Timing timing;

	private final LookupRates rates;

	private final AsyncCache<Key, LookupResult> results;

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
		this.rates = new LookupRates(timing.ticker());
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
	 * @param asker the client of the request
	 * @return the result, on any thread; never an error
	 */
	Mono<LookupResult> ask(BackendQuestion question, Asker asker) {
		if (!question.isPossible()) {
			return Mono.just(new LookupResult.Unknown());
		}
		Duration patience = Patience.of(question.headers());
		Key key = Key.of(question, patience);
		Mono<LookupResult> result = Mono.defer(() -> ask(question, asker, key, MAX_LEFT));
		return (patience == null) ? result
				: result.timeout(patience, Mono.fromSupplier(() -> unasked(question)), this.timing.timers());
	}

	private Mono<LookupResult> ask(BackendQuestion question, Asker asker, Key key, int maxLeft) {
		CompletableFuture<LookupResult> known = this.results.getIfPresent(key);
		if (known == null) {
			if (!this.rates.tryAcquire(asker.competing(), this.settings.get().maxLookups())) {
				return limited(question);
			}
			RunningLookup lookup = new RunningLookup((result) -> this.results.asMap().remove(key, result));
			known = this.results.get(key, (it, executor) -> lookup.result());
			if (known == lookup.result()) {
				RunningLookup.Request first = add(question, asker, lookup);
				// Not inside of get, which locks a part of the cache: to ask may complete
				// other lookups, which locks other parts. Two threads would deadlock.
				lookup.run(askAll(question, asker, key.atMost(), lookup));
				return first.result();
			}
		}
		RunningLookup.Result running = (RunningLookup.Result) known;
		if (!running.isKnown() && running.lookup().tryJoin()) {
			return add(question, asker, running.lookup()).result();
		}
		if (running.isKnown()) {
			return Mono.fromFuture(running, true);
		}
		// its last request has left: nothing will complete it
		this.results.asMap().remove(key, running);
		return (maxLeft > 0) ? ask(question, asker, key, maxLeft - 1) : limited(question);
	}

	private RunningLookup.Request add(BackendQuestion question, Asker asker, RunningLookup lookup) {
		return lookup.add(asker.client(), this.queues.of(question.pool()), () -> unasked(question));
	}

	private Mono<LookupResult> limited(BackendQuestion question) {
		return Mono.just(new LookupResult.Limited(names(question, onePerPlace(question))));
	}

	/** The result for a request that cannot wait for that of its lookup. */
	private LookupResult unasked(BackendQuestion question) {
		return conclude(question, Asker.NONE,
				onePerPlace(question).stream().map((backend) -> new Asked(backend, Finding.UNAVAILABLE)).toList());
	}

	private Mono<LookupResult> askAll(BackendQuestion question, Asker asker, Duration atMost, RunningLookup lookup) {
		return Flux.fromIterable(onePerPlace(question))
			.flatMap((backend) -> ask(question, backend, asker, atMost, lookup), PARALLEL)
			.takeUntil((asked) -> asked.finding() == Finding.OWNED)
			.collectList()
			.map((all) -> conclude(question, asker, all));
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

	private Mono<Asked> ask(BackendQuestion question, Backend backend, Asker asker, Duration atMost,
			RunningLookup lookup) {
		Lane lane = question.pool().lanes("").of(backend);
		if (lane == null) {
			return (mayBeAsked(question.pool(), backend) ? send(question, backend) : Mono.just(Finding.UNAVAILABLE))
				.map((finding) -> new Asked(backend, finding));
		}
		return Mono
			.firstWithSignal(
					this.questions.get(backend.condition()).await(lane, asker.name(), atMost, lookup::beginWait),
					lookup.waitEnd().thenReturn(QuestionQueue.Turn.UNAVAILABLE))
			.flatMap((turn) -> switch (turn) {
				case SEND -> send(question, backend);
				case LIMITED -> Mono.just(Finding.LIMITED);
				case UNAVAILABLE -> Mono.just(Finding.UNAVAILABLE);
			})
			.map((finding) -> new Asked(backend, finding));
	}

	private Mono<Finding> send(BackendQuestion question, Backend backend) {
		return this.sender.send(question, backend)
			.timeout(this.settings.get().lookupTimeout(), Mono.just(BackendQuestion.Ownership.UNKNOWN),
					this.timing.timers())
			.map((ownership) -> switch (ownership) {
				case OWNED -> Finding.OWNED;
				case NOT_OWNED -> Finding.NOT_OWNED;
				case UNKNOWN -> Finding.UNAVAILABLE;
			});
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

	private LookupResult conclude(BackendQuestion question, Asker asker, List<Asked> all) {
		List<Backend> unasked = new ArrayList<>();
		Duration retryAfter = Duration.ZERO;
		boolean limited = false;
		for (Asked asked : all) {
			switch (asked.finding()) {
				case OWNED -> {
					Owner owner = Owner.of(asked.backend());
					this.owners.rememberMentioned(List.of(question.object()), owner, asker.principal());
					return new LookupResult.Found(owner);
				}
				case UNAVAILABLE -> {
					Duration left = cooldownLeft(question.pool(), asked.backend());
					retryAfter = (left.compareTo(retryAfter) > 0) ? left : retryAfter;
					unasked.add(asked.backend());
				}
				case LIMITED -> {
					limited = true;
					unasked.add(asked.backend());
				}
				case NOT_OWNED -> {
				}
			}
		}
		List<String> names = names(question, unasked);
		if (limited) {
			return new LookupResult.Limited(names);
		}
		return names.isEmpty() ? new LookupResult.Unknown() : new LookupResult.Unsure(names, retryAfter);
	}

	private static List<String> names(BackendQuestion question, List<Backend> unasked) {
		List<String> names = new ArrayList<>(question.leftOut());
		unasked.forEach((backend) -> names.add(backend.name()));
		return names;
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

	/**
	 * The client for which an object is looked up.
	 *
	 * @param client the client, or {@code null} if no clients are configured
	 * @param competing its name, or {@code null} if there are no other clients
	 */
	record Asker(@Nullable Client client, @Nullable String competing) {

		static final Asker NONE = new Asker(null, null);

		static Asker of(RequestContext context) {
			return new Asker(context.client(), context.competingClient());
		}

		String name() {
			return (this.client != null) ? this.client.name() : "";
		}

		@Nullable String principal() {
			return (this.client != null) ? this.client.principal() : null;
		}

	}

	private record Asked(Backend backend, Finding finding) {
	}

	/** What is known about an object on one backend. */
	private enum Finding {

		OWNED, NOT_OWNED,

		/** It was not asked, because it gets too many questions now. */
		LIMITED,

		/** It could not be asked, or its response does not show it. */
		UNAVAILABLE

	}

	/**
	 * Requests of another dialect or version may reach other backends, and those with
	 * more time may wait for more of them.
	 */
	private record Key(String pool, StoredObject object, Set<Owner> asked, ClientDialect dialect,
			@Nullable String version, Duration atMost) {

		static Key of(BackendQuestion question, @Nullable Duration patience) {
			Duration maxWait = question.pool().properties().maxWait();
			return new Key(question.pool().name(), question.object(),
					question.backends().stream().map(Owner::of).collect(Collectors.toUnmodifiableSet()),
					question.call().dialect(), question.call().apiVersionQuery(),
					(patience != null && patience.compareTo(maxWait) < 0) ? patience : maxWait);
		}

	}

}
