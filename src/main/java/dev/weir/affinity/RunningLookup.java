package dev.weir.affinity;

import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Supplier;

import org.jspecify.annotations.Nullable;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Mono;

import dev.weir.queue.WaitQueues;
import dev.weir.request.Client;

/**
 * A lookup, and the requests that need its result. Each of them has a place among the
 * waiting requests of the pool while the lookup waits for a backend. If all of them have
 * left, the lookup ends. Safe for many threads.
 */
final class RunningLookup {

	private final Result result = new Result(this);

	private final Consumer<Result> onWaitEnd;

	private final Disposable.Swap asking = Disposables.swap();

	private final CompletableFuture<Void> waitEnd = new CompletableFuture<>();

	private final Set<Request> requests = ConcurrentHashMap.newKeySet();

	// of requests, 0 if the last one has left
	private final AtomicInteger count = new AtomicInteger(1);

	private volatile boolean waits;

	private volatile boolean mayWait = true;

	/**
	 * Creates the lookup of a request, which then has to be {@linkplain #add added}.
	 * @param onWaitEnd is called if the lookup may not wait for a backend, so that other
	 * requests should not join it
	 */
	RunningLookup(Consumer<Result> onWaitEnd) {
		this.onWaitEnd = onWaitEnd;
	}

	Result result() {
		return this.result;
	}

	void run(Mono<LookupResult> questions) {
		this.asking.update(questions.subscribe(this.result::complete, this.result::completeExceptionally));
	}

	/**
	 * Takes a place for each request, since a question has to wait.
	 * @return whether it may wait
	 */
	boolean beginWait() {
		this.waits = true;
		this.requests.forEach(Request::takePlace);
		return this.mayWait;
	}

	/**
	 * The end of all waits for backends, because no place is left for the only request
	 * that needs the result.
	 * @return completes when no question may wait any more, usually never
	 */
	Mono<Void> waitEnd() {
		return Mono.fromFuture(this.waitEnd, true);
	}

	/**
	 * Counts another request, which then has to be {@linkplain #add added}, unless the
	 * last one has left.
	 * @return whether the lookup still runs
	 */
	boolean tryJoin() {
		return this.count.getAndUpdate((before) -> (before > 0) ? before + 1 : 0) > 0;
	}

	/**
	 * Adds a request. It leaves when its {@linkplain Request#result() result} is there or
	 * cancelled.
	 * @param client the client of the request, or {@code null} if no clients are
	 * configured
	 * @param queues where it waits
	 * @param unasked the result of the request if it may not wait
	 * @return the request
	 */
	Request add(@Nullable Client client, WaitQueues queues, Supplier<LookupResult> unasked) {
		Request request = new Request(client, queues, unasked);
		this.requests.add(request);
		// here or in beginWait, or in both
		if (this.waits) {
			request.takePlace();
		}
		return request;
	}

	private void leave(Request request) {
		this.requests.remove(request);
		request.place.dispose();
		if (this.count.decrementAndGet() == 0) {
			// also removes it from the cache
			this.result.cancel(false);
			this.asking.dispose();
		}
	}

	/** The future of a lookup, by which a request that finds it in the cache joins it. */
	static final class Result extends CompletableFuture<LookupResult> {

		private final RunningLookup lookup;

		Result(RunningLookup lookup) {
			this.lookup = lookup;
		}

		RunningLookup lookup() {
			return this.lookup;
		}

		boolean isKnown() {
			return isDone() && !isCancelled();
		}

	}

	/** A request that needs the result. */
	final class Request {

		private final @Nullable Client client;

		private final WaitQueues queues;

		private final Supplier<LookupResult> unasked;

		private final CompletableFuture<LookupResult> end = new CompletableFuture<>();

		private final AtomicBoolean taken = new AtomicBoolean();

		private final Disposable.Swap place = Disposables.swap();

		private Request(@Nullable Client client, WaitQueues queues, Supplier<LookupResult> unasked) {
			this.client = client;
			this.queues = queues;
			this.unasked = unasked;
		}

		/**
		 * The result for this request, to be subscribed to once.
		 * @return the result
		 */
		Mono<LookupResult> result() {
			return Mono.firstWithSignal(Mono.fromFuture(RunningLookup.this.result, true), Mono.fromFuture(this.end))
				.doFinally((signal) -> leave(this));
		}

		private void takePlace() {
			if (!this.place.isDisposed() && this.taken.compareAndSet(false, true)) {
				this.place.update(this.queues.enter(this.client, this::endWait));
			}
		}

		/** Backends that need not be waited for are asked for the last request. */
		private void endWait() {
			if (RunningLookup.this.count.get() > 1) {
				this.end.complete(this.unasked.get());
				return;
			}
			RunningLookup.this.mayWait = false;
			RunningLookup.this.onWaitEnd.accept(RunningLookup.this.result);
			RunningLookup.this.waitEnd.complete(null);
		}

	}

}
