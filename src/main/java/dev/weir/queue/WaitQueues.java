package dev.weir.queue;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Collectors;

import dev.weir.backend.Backend;
import dev.weir.backend.Lane;
import dev.weir.backend.Pool;
import dev.weir.request.RequestContext;
import reactor.core.publisher.Mono;

/**
 * Where the requests of a pool wait when no lane is free for them: one
 * {@linkplain WaitQueue queue} for each set of lanes that requests may still use, which
 * is all that serve the model, or those of them that were not tried. A queue exists while
 * a request waits in it.
 * <p>
 * A place that becomes free on a backend wakes one request: the first of the queue whose
 * {@linkplain BackendTurns turn} it is. It chooses a lane, on its own loop, before the
 * next one is woken, so that as many are woken as there are places. One that begins no
 * attempt, since it found the place taken or its client has left, passes the wake on. A
 * request for lanes that no other request waits for touches nothing here but its own
 * queue.
 * <p>
 * Safe for many threads, never blocks: joining, leaving and serving run on one thread.
 */
public final class WaitQueues {

	// so many requests are dismissed at once, then other tasks have their turn
	private static final int BATCH = 16;

	// So many requests pass a wake on. More may not be woken for one place where a load
	// balancer of the user's takes its time to choose.
	private static final int MAX_PASSES = 3;

	private final int max;

	private final Timing timing;

	private final Supplier<WaitOrder> orders;

	private final Executor thread;

	// only those in which a request waits; read by all threads
	private final Map<List<Lane>, WaitQueue> queues = new ConcurrentHashMap<>();

	private final Map<Backend, BackendTurns> turns;

	private final AtomicInteger waiting = new AtomicInteger();

	private final AtomicLong arrivals = new AtomicLong();

	/**
	 * Makes the queues of a pool.
	 * @param pool the pool; its {@code max-waiting} bounds how many requests wait in all
	 * queues together
	 * @param timing where time comes from
	 * @param thread runs everything that changes the queues, on one thread
	 * @param orders makes the order of each queue
	 */
	WaitQueues(Pool pool, Timing timing, Executor thread, Supplier<WaitOrder> orders) {
		this.max = pool.properties().maxWaiting();
		this.timing = timing;
		this.thread = thread;
		this.orders = orders;
		this.turns = pool.backends()
			.stream()
			.collect(Collectors.toUnmodifiableMap(Function.identity(), (backend) -> new BackendTurns()));
	}

	/**
	 * How many requests wait.
	 * @return the number of those in all queues
	 */
	public int waiting() {
		return this.waiting.get();
	}

	/**
	 * How many queues there are.
	 * @return the number of sets of lanes that requests wait for
	 */
	int size() {
		return this.queues.size();
	}

	/**
	 * Whether requests wait for the same lanes.
	 * @param lanes the lanes that a request may use
	 * @return whether it has to wait behind others
	 */
	public boolean isWaitedFor(List<Lane> lanes) {
		return this.waiting.get() > 0 && this.queues.containsKey(lanes);
	}

	/**
	 * A number for a request that waits for the first time.
	 * @return a positive number, higher than those of all that came before
	 */
	public long nextArrival() {
		return this.arrivals.incrementAndGet();
	}

	/**
	 * Waits for a lane.
	 * @param context the request, of which nothing may change until the wait ends
	 * @param arrival the request's number, the same at every wait
	 * @param atMost how long to wait
	 * @param ask whether a lane that looks free may be used at once; {@code false} if
	 * that has refused several times in a row, so that time has to pass first
	 * @return whether a lane may be free: {@code false} at the end of the time, or at
	 * once if as many requests wait already as may. A request that finds the lane taken
	 * after all may wait again
	 */
	public Mono<Boolean> await(RequestContext context, long arrival, Duration atMost, boolean ask) {
		return Mono.create((sink) -> {
			Waiter waiter = new Waiter(context, arrival, this.timing.ticker().read() + atMost.toNanos(), sink,
					(it) -> this.thread.execute(() -> remove(it)));
			this.thread.execute(() -> join(waiter, ask));
		});
	}

	/**
	 * Serves the next requests that can use a backend, if there is a place.
	 * @param backend a backend of the pool
	 */
	void onFree(Backend backend) {
		BackendTurns turn = this.turns.get(backend);
		if (turn != null && turn.needsLook()) {
			this.thread.execute(() -> serve(turn));
		}
	}

	private void join(Waiter waiter, boolean ask) {
		if (waiter.isGone()) {
			return;
		}
		List<Lane> lanes = waiter.context().candidates().remaining();
		if (this.waiting.get() >= this.max) {
			// a lane that nobody here waits for is no less free
			waiter.proceed(ask && !this.queues.containsKey(lanes) && waiter.context().candidates().hasAvailable());
			return;
		}
		WaitQueue queue = this.queues.get(lanes);
		if (queue == null) {
			queue = open(lanes);
		}
		queue.add(waiter);
		this.waiting.incrementAndGet();
		// looked at behind the place in the queue, so that nothing that becomes free is
		// missed
		if (ask) {
			serve(queue);
		}
		queue.setTimer();
		setTimer(waiter);
	}

	/**
	 * Lets a request choose again as soon as it may use more lanes than those of its
	 * queue. That happens rarely, so only then it has a timer of its own.
	 */
	private void setTimer(Waiter waiter) {
		Duration more = waiter.context().candidates().timeUntilMoreRemain();
		if (more != null && waiter.queue() != null && more.toNanos() < waiter.until() - this.timing.ticker().read()) {
			waiter.timer(this.timing.timers()
				.schedule(() -> this.thread.execute(() -> chooseAgain(waiter)), more.toNanos(), TimeUnit.NANOSECONDS));
		}
	}

	private void chooseAgain(Waiter waiter) {
		if (waiter.queue() != null) {
			remove(waiter);
			waiter.proceed(true);
		}
	}

	private WaitQueue open(List<Lane> lanes) {
		WaitQueue queue = new WaitQueue(lanes, this.orders.get(), this.timing,
				() -> this.thread.execute(() -> onTimer(lanes)));
		this.queues.put(lanes, queue);
		lanes.forEach((lane) -> turn(lane).add(lane, queue));
		return queue;
	}

	private BackendTurns turn(Lane lane) {
		BackendTurns turn = this.turns.get(lane.backend());
		if (turn == null) {
			throw new IllegalStateException(lane + " belongs to another pool");
		}
		return turn;
	}

	private void remove(Waiter waiter) {
		WaitQueue queue = waiter.queue();
		if (queue == null) {
			return;
		}
		waiter.clearTimer();
		queue.remove(waiter);
		this.waiting.decrementAndGet();
		if (queue.isEmpty()) {
			queue.clearTimer();
			this.queues.remove(queue.lanes());
			queue.lanes().forEach((lane) -> turn(lane).remove(lane, queue));
		}
	}

	private void onTimer(List<Lane> lanes) {
		WaitQueue queue = this.queues.get(lanes);
		if (queue == null) {
			return;
		}
		queue.clearTimer();
		serve(queue);
		if (!dismiss(queue)) {
			this.thread.execute(() -> onTimer(lanes));
		}
		queue.setTimer();
	}

	private void serve(WaitQueue queue) {
		for (Lane lane : queue.lanes()) {
			if (queue.isEmpty()) {
				return;
			}
			if (lane.isAvailable()) {
				serve(turn(lane));
			}
		}
	}

	private void serve(BackendTurns turn) {
		turn.beginLook();
		// else it goes on until no place is left
		if (!turn.isServing()) {
			serveNext(turn, 0);
		}
	}

	private void serveNext(BackendTurns turn, int passes) {
		WaitQueue queue = turn.next();
		Waiter waiter = (queue != null) ? queue.first() : null;
		turn.serving(waiter != null);
		if (queue != null && waiter != null) {
			remove(waiter);
			waiter.choose((begun) -> this.thread
				.execute(() -> onChosen(turn, queue, (begun || waiter.isGone()) ? passes : passes + 1)));
		}
	}

	private void onChosen(BackendTurns turn, WaitQueue queue, int passes) {
		if (passes > MAX_PASSES) {
			turn.serving(false);
			queue.setTimer();
		}
		else {
			serveNext(turn, passes);
		}
	}

	/**
	 * Ends the waits that are in vain.
	 * @return whether those were all
	 */
	private boolean dismiss(WaitQueue queue) {
		for (int i = 0; i < BATCH; i++) {
			Waiter waiter = queue.firstInVain();
			if (waiter == null) {
				return true;
			}
			remove(waiter);
			waiter.proceed(false);
		}
		return false;
	}

}
