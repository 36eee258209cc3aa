package dev.weir.queue;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import java.util.stream.Collectors;

import dev.weir.backend.Backend;
import dev.weir.backend.BackendCondition;
import dev.weir.backend.Lane;
import dev.weir.backend.Pool;
import dev.weir.request.RequestContext;
import reactor.core.publisher.Mono;

/**
 * The queues in which requests of a pool wait while no lane is free for them. There is
 * one {@linkplain WaitQueue queue} for each set of lanes that requests may still use: all
 * lanes of the model, or those that were not tried. A queue exists while a request waits
 * in it.
 * <p>
 * A free place on a backend wakes one request: the first one of the next queue in the
 * {@linkplain QueueRotation rotation}. Which one that is depends on the
 * {@linkplain FairShare shares} of the clients. That request chooses a lane, on its own
 * loop, before the next one is woken, so that no more are woken than there are places. If
 * it begins no attempt, because the place is taken or its client has left, the next
 * request is woken. A request changes only its own queue if no other request waits for
 * its lanes.
 * <p>
 * Safe for many threads, never blocks: all changes run on one thread.
 */
public final class WaitQueues {

	// how many requests are dismissed in one task, so that other tasks are not delayed
	private static final int BATCH = 16;

	// How many woken requests in a row may begin no attempt. Limited, because a load
	// balancer of the user may take long to choose, and more requests would be woken
	// than needed.
	private static final int MAX_PASSES = 3;

	private volatile Pool pool;

	private final Timing timing;

	private final Function<FairShare, WaitOrder> orders;

	private final Executor thread;

	// only queues in which a request waits; read by all threads
	private final Map<List<Lane>, WaitQueue> queues = new ConcurrentHashMap<>();

	// by the state of the backend, which the lanes before and after a reload share
	private final Map<BackendCondition, QueueRotation> rotations = new ConcurrentHashMap<>();

	// by model, while a request waits for it
	private final Map<String, FairShare> shares = new HashMap<>();

	private final WaitingPlaces places = new WaitingPlaces();

	private final AtomicInteger waiting = new AtomicInteger();

	private final AtomicLong arrivals = new AtomicLong();

	/**
	 * Creates the queues of a pool.
	 * @param pool the pool; its {@code max-waiting} limits the requests in all queues
	 * together
	 * @param timing the clock and the timers
	 * @param thread runs all changes of the queues, on one thread
	 * @param orders creates the order of each queue
	 */
	WaitQueues(Pool pool, Timing timing, Executor thread, Function<FairShare, WaitOrder> orders) {
		this.pool = pool;
		this.timing = timing;
		this.thread = thread;
		this.orders = orders;
	}

	/**
	 * How many requests wait.
	 * @return the number of those in all queues, and of those that wait for a lookup
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
	 * Returns the number of a request that waits for the first time.
	 * @return a positive number, higher than all numbers before
	 */
	public long nextArrival() {
		return this.arrivals.incrementAndGet();
	}

	/**
	 * Waits for a lane.
	 * @param context the request, which must not change until the wait ends
	 * @param arrival the request's number, the same at every wait
	 * @param atMost how long to wait
	 * @param checkNow whether a lane that looks free may be used at once; {@code false}
	 * if such a lane has refused several times in a row, so that some time has to pass
	 * first
	 * @return whether a lane may be free: {@code false} at the end of the time, or at
	 * once if the queues are full. A request that finds the lane taken may wait again
	 */
	public Mono<Boolean> await(RequestContext context, long arrival, Duration atMost, boolean checkNow) {
		return Mono.create((sink) -> {
			Waiter waiter = new Waiter(context, arrival, this.timing.ticker().read() + atMost.toNanos(), sink,
					(it) -> this.thread.execute(() -> remove(it)));
			this.thread.execute(() -> join(waiter, checkNow));
		});
	}

	/**
	 * Counts a request that waits outside of the queues, for a backend that is not free
	 * to be asked for an object.
	 * @return whether {@code max-waiting} allows it; then {@link #leave()} must be called
	 */
	public boolean tryEnter() {
		int most = this.pool.properties().maxWaiting();
		int before = this.waiting.getAndUpdate((count) -> (count < most) ? count + 1 : count);
		return before < most;
	}

	/** Ends a wait that {@link #tryEnter()} has allowed. */
	public void leave() {
		this.waiting.decrementAndGet();
	}

	/**
	 * Serves the next requests that can use a backend, if there is a place.
	 * @param backend a backend of the pool
	 */
	void onFree(BackendCondition backend) {
		QueueRotation rotation = this.rotations.get(backend);
		if (rotation != null && rotation.requestCheck()) {
			this.thread.execute(() -> serve(rotation));
		}
	}

	/**
	 * Continues with the pool of a new configuration. Requests that wait and have made no
	 * attempt are woken, so that they can choose among its lanes; they keep their
	 * numbers. The others wait on for the lanes of their configuration.
	 * @param next the pool of the same name
	 */
	void reload(Pool next) {
		this.pool = next;
		this.thread.execute(() -> {
			this.queues.values()
				.stream()
				.flatMap((queue) -> queue.waiters().stream())
				.filter((waiter) -> waiter.context().failover().attempts().count() == 0)
				.toList()
				.forEach(this::chooseAgain);
			Set<BackendCondition> current = next.backends()
				.stream()
				.map(Backend::condition)
				.collect(Collectors.toUnmodifiableSet());
			this.rotations.entrySet()
				.removeIf((entry) -> !current.contains(entry.getKey()) && entry.getValue().isUnused());
		});
	}

	private void join(Waiter waiter, boolean checkNow) {
		if (waiter.isGone()) {
			return;
		}
		List<Lane> lanes = waiter.context().failover().candidates().remaining();
		if (this.waiting.get() >= this.pool.properties().maxWaiting() && !waiter.context().failover().wasMoved()) {
			// full queues do not matter for lanes that no request waits for
			boolean free = checkNow && !this.queues.containsKey(lanes)
					&& waiter.context().failover().candidates().hasAvailable();
			Waiter last = free ? null : this.places.toGiveWay(waiter);
			if (last == null) {
				waiter.proceed(free);
				return;
			}
			remove(last);
			last.proceed(false);
		}
		WaitQueue queue = this.queues.get(lanes);
		if (queue == null) {
			queue = open(lanes);
		}
		queue.add(waiter);
		this.places.add(waiter);
		this.waiting.incrementAndGet();
		// checked after it is in the queue, so that a lane that becomes free is not
		// missed
		if (checkNow) {
			serve(queue);
		}
		queue.setTimer();
		setTimer(waiter);
	}

	/**
	 * Lets a request choose again as soon as it may use more lanes than those of its
	 * queue. Such requests are rare, so only they have their own timer.
	 */
	private void setTimer(Waiter waiter) {
		if (waiter.queue() == null) {
			// it was woken and changes its candidates on its own loop
			return;
		}
		Duration more = waiter.context().failover().candidates().timeUntilMoreRemain();
		if (more != null && more.toNanos() < waiter.until() - this.timing.ticker().read()) {
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
		FairShare share = this.shares.computeIfAbsent(modelOf(lanes), (model) -> new FairShare());
		share.open();
		WaitQueue queue = new WaitQueue(lanes, share, this.orders.apply(share), this.timing,
				() -> this.thread.execute(() -> onTimer(lanes)));
		this.queues.put(lanes, queue);
		lanes.forEach((lane) -> rotation(lane).add(lane, queue));
		return queue;
	}

	private static String modelOf(List<Lane> lanes) {
		return lanes.isEmpty() ? "" : lanes.get(0).model();
	}

	private QueueRotation rotation(Lane lane) {
		return this.rotations.computeIfAbsent(lane.backend().condition(), (backend) -> new QueueRotation());
	}

	private void remove(Waiter waiter) {
		WaitQueue queue = waiter.queue();
		if (queue == null) {
			return;
		}
		waiter.clearTimer();
		queue.remove(waiter);
		this.places.remove(waiter);
		this.waiting.decrementAndGet();
		if (queue.isEmpty()) {
			queue.clearTimer();
			this.queues.remove(queue.lanes());
			queue.lanes().forEach((lane) -> rotation(lane).remove(lane, queue));
			if (queue.share().close()) {
				this.shares.remove(modelOf(queue.lanes()));
			}
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
				serve(rotation(lane));
			}
		}
	}

	private void serve(QueueRotation rotation) {
		rotation.beginCheck();
		// otherwise the running one continues until no place is left
		if (!rotation.isServing()) {
			serveNext(rotation, 0);
		}
	}

	private void serveNext(QueueRotation rotation, int passes) {
		WaitQueue queue = rotation.next();
		Waiter waiter = (queue != null) ? queue.first() : null;
		rotation.serving(waiter != null);
		if (queue != null && waiter != null) {
			remove(waiter);
			waiter.choose((begun) -> this.thread.execute(() -> {
				if (begun) {
					queue.share().onServed(waiter);
				}
				onChosen(rotation, queue, (begun || waiter.isGone()) ? passes : passes + 1);
			}));
		}
	}

	private void onChosen(QueueRotation rotation, WaitQueue queue, int passes) {
		if (passes > MAX_PASSES) {
			rotation.serving(false);
			queue.setTimer();
		}
		else {
			serveNext(rotation, passes);
		}
	}

	/**
	 * Ends waits that will not be served in time.
	 * @return whether none of them is left
	 */
	private boolean dismiss(WaitQueue queue) {
		for (int i = 0; i < BATCH; i++) {
			Waiter waiter = queue.firstUnservable();
			if (waiter == null) {
				return true;
			}
			remove(waiter);
			waiter.proceed(false);
		}
		return false;
	}

}
