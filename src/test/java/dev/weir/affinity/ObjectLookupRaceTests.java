package dev.weir.affinity;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;

import com.github.benmanes.caffeine.cache.Ticker;
import org.junit.jupiter.api.Test;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;

import org.springframework.http.HttpHeaders;
import org.springframework.util.unit.DataSize;

import dev.weir.backend.Pool;
import dev.weir.backend.Pools;
import dev.weir.config.AffinityProperties;
import dev.weir.config.UnknownOwner;
import dev.weir.openai.call.ApiPath;
import dev.weir.openai.stored.ObjectKind;
import dev.weir.openai.stored.StoredObject;
import dev.weir.queue.PoolWaitQueues;
import dev.weir.queue.Timing;
import dev.weir.testing.TestPools;
import dev.weir.testing.VirtualTime;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Lookups of clients on several threads.
 */
class ObjectLookupRaceTests {

	private static final AffinityProperties SETTINGS = new AffinityProperties(DataSize.ofKilobytes(64),
			Duration.ofDays(1), 10_000, Duration.ofSeconds(5), UnknownOwner.ALLOW);

	private final VirtualTime time = new VirtualTime();

	private final Pools pools = TestPools.pools(this.time, Map.of(), TestPools.backend("alpha"),
			TestPools.backend("beta"));

	private final Pool pool = this.pools.all().iterator().next();

	/** Runs at the next look at the clock. */
	private final AtomicReference<Runnable> onTick = new AtomicReference<>(() -> {
	});

	private final List<LookupResult> results = new CopyOnWriteArrayList<>();

	private ObjectLookup lookup;

	private void start(ObjectLookup.Sender sender) {
		Ticker ticker = () -> {
			this.onTick.getAndSet(() -> {
			}).run();
			return this.time.read();
		};
		this.lookup = new ObjectLookup(sender, new MemoryObjectOwners(SETTINGS, this.time, Runnable::run),
				new PoolWaitQueues(this.pools, this.time.timing(), Runnable::run), () -> SETTINGS,
				new Timing(ticker, this.time.timing().timers()));
	}

	private Disposable ask(String id) {
		return this.lookup
			.ask(new BackendQuestion(this.pool, this.pool.backends(), List.of(),
					ApiPath.parse("GET", "/v1/files/" + id, null), new HttpHeaders(),
					new StoredObject(ObjectKind.FILE, id)), ObjectLookup.Asker.NONE)
			.subscribe(this.results::add);
	}

	@Test
	void aLookupThatBeginsDoesNotBlockThreadsThatBeginOthers() {
		AtomicBoolean first = new AtomicBoolean(true);
		start((question, backend) -> {
			if (first.getAndSet(false)) {
				// enough that some of them are in each part of the cache that may be
				// locked
				CompletableFuture.runAsync(() -> IntStream.range(0, 200).forEach((i) -> ask("file-" + i)))
					.orTimeout(5, TimeUnit.SECONDS)
					.join();
			}
			return Mono.just(BackendQuestion.Ownership.NOT_OWNED);
		});
		ask("file-first");
		assertThat(this.results).hasSize(201).allMatch((result) -> result instanceof LookupResult.Unknown);
	}

	@Test
	void aClientThatFindsALookupWhoseLastClientLeavesAsksAgain() {
		List<String> asked = new CopyOnWriteArrayList<>();
		start((question, backend) -> {
			asked.add(backend.name());
			return (asked.size() > 2) ? Mono.just(BackendQuestion.Ownership.NOT_OWNED) : Mono.never();
		});
		Disposable other = ask("file-1");
		// the cache looks at the clock when it has found the lookup
		this.onTick.set(other::dispose);
		ask("file-1");
		assertThat(this.results).containsExactly(new LookupResult.Unknown());
		assertThat(asked).containsExactly("alpha", "beta", "alpha", "beta");
	}

	@Test
	void aClientThatWaitsForALookupGetsItsResultIfTheFirstClientLeaves() {
		AtomicReference<Runnable> respond = new AtomicReference<>();
		start((question, backend) -> backend.name().equals("beta") ? Mono.just(BackendQuestion.Ownership.NOT_OWNED)
				: Mono.create((sink) -> respond.set(() -> sink.success(BackendQuestion.Ownership.NOT_OWNED))));
		Disposable other = ask("file-1");
		this.onTick.set(() -> ask("file-1"));
		ask("file-1");
		other.dispose();
		assertThat(this.results).isEmpty();
		respond.get().run();
		assertThat(this.results).containsExactly(new LookupResult.Unknown(), new LookupResult.Unknown());
	}

}
