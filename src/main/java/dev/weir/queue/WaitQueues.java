package dev.weir.queue;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import java.util.stream.Collectors;

import dev.weir.backend.Backend;
import dev.weir.backend.BackendCondition;
import dev.weir.backend.Lane;
import dev.weir.backend.Pool;
import dev.weir.request.Client;
import dev.weir.request.RequestContext;
import org.jspecify.annotations.Nullable;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;

/**
 * The queues in which requests of a pool wait while no lane is free for them. There is
 * one {@linkplain WaitQueue queue} for each set of lanes that requests may still use: all
 * lanes of the model, or those that were not tried. A queue exists while a request waits
 * in it.
 * <p>
 * A free place on a backend wakes one request, the next one in the
 * {@linkplain QueueRotation rotation}. Which one that is depends on the
 * {@linkplain FairShare shares} of the clients. That request chooses a lane, on its own
 * loop, before the next one is woken, so that no more are woken than there are places. If
 * it begins no attempt, because the place is taken or its client has left, the next
 * request is woken.
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
	private final Map<String, FairShare> quotaShares = new HashMap<>();

	private final PlaceShares placeShares;

	private final WaitingPlaces places = new WaitingPlaces();

	private final AtomicLong arrivals = new AtomicLong();

	/**
	 * Creates the queues of a pool.
	 * @param pool the pool; its {@code max-waiting} limits the requests in all queues
	 * together
	 * @param timing the clock and the timers
	 * @param thread runs all changes of the queues, on one thread
	 * @param orders creates an order by the shares of clients
	 */
	WaitQueues(Pool pool, Timing timing, Executor thread, Function<FairShare, WaitOrder> orders) {
		this.pool = pool;
		this.timing = timing;
		this.thread = thread;
		this.orders = orders;
		this.placeShares = new PlaceShares(pool);
	}

	/**
	 * How many requests wait.
	 * @return the number of those in all queues, and of those that wait for a lookup
	 */
	public int waiting() {
		return this.places.taken();
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
		return waiting() > 0 && this.queues.containsKey(lanes);
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
					(it) -> this.thread.execute(() -> remove(it)), this::dismiss);
			this.thread.execute(() -> join(waiter, checkNow));
		});
	}

	/**
	 * Takes a place for a request that waits outside of the queues, for a backend that is
	 * not free to be asked for an object.
	 * @param client the client of the request, or {@code null} if no clients are
	 * configured
	 * @param onGiveWay is called, at once or later, if the request must not wait, because
	 * {@code max-waiting} requests wait and its client has the most places. It has no
	 * place then
	 * @return releases the place
	 */
	public Disposable enter(@Nullable Client client, Runnable onGiveWay) {
		Place place = new Place(client, nextArrival(), onGiveWay);
		this.thread.execute(() -> {
			if (!place.isReleased() && !tryTake(place)) {
				place.giveWay();
			}
		});
		return () -> {
			place.release();
			this.thread.execute(() -> this.places.remove(place));
		};
	}

	/**
	 * Takes a place, if necessary that of another request.
	 * @param place the place of a request
	 * @return whether the request may wait
	 */
	private boolean tryTake(Place place) {
		if (this.places.taken() >= this.pool.properties().maxWaiting()) {
			Place other = this.places.toGiveWay(place);
			if (other == null) {
				return false;
			}
			this.places.remove(other);
			other.giveWay();
		}
		this.places.add(place);
		return true;
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
			this.placeShares.reload(next);
			this.queues.values()
				.stream()
				.flatMap((queue) -> queue.waiters().stream())
				.filter((waiter) -> waiter.context().failover().attempts().count() == 0)
				.toList()
				.forEach(this::chooseAgain);
			reloadRotations();
			Set<BackendCondition> current = next.backends()
				.stream()
				.map(Backend::condition)
				.collect(Collectors.toUnmodifiableSet());
			this.rotations.entrySet()
				.removeIf((entry) -> !current.contains(entry.getKey()) && entry.getValue().isUnused());
		});
	}

	/**
	 * Requests that wait on compete with new ones for the places that are configured now.
	 */
	private void reloadRotations() {
		for (Backend backend : this.pool.backends()) {
			QueueRotation rotation = this.rotations.get(backend.condition());
			if (rotation == null) {
				continue;
			}
			FairShare places = this.placeShares.of(backend.condition());
			if (rotation.reload(backend, places)) {
				this.queues.values().forEach((queue) -> {
					Lane lane = queue.laneOf(backend.condition());
					if (lane != null) {
						queue.waiters().forEach((waiter) -> rotation.movePlace(waiter, lane, places));
					}
				});
			}
		}
	}

	private void join(Waiter waiter, boolean checkNow) {
		if (waiter.isGone()) {
			return;
		}
		List<Lane> lanes = waiter.context().failover().candidates().remaining();
		if (waiter.context().failover().wasMoved()) {
			this.places.add(waiter.place());
		}
		// full queues do not matter for lanes that no request waits for
		else if (this.places.taken() >= this.pool.properties().maxWaiting() && checkNow
				&& !this.queues.containsKey(lanes) && waiter.context().failover().candidates().hasAvailable()) {
			waiter.proceed(true);
			return;
		}
		else if (!tryTake(waiter.place())) {
			waiter.proceed(false);
			return;
		}
		WaitQueue queue = add(waiter, lanes);
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

	private WaitQueue add(Waiter waiter, List<Lane> lanes) {
		WaitQueue queue = this.queues.get(lanes);
		if (queue == null) {
			queue = new WaitQueue(lanes, this.timing, () -> this.thread.execute(() -> onTimer(lanes)));
			this.queues.put(lanes, queue);
		}
		queue.add(waiter);
		for (Lane lane : lanes) {
			rotation(lane).add(waiter, lane, this.quotaShares.computeIfAbsent(lane.model(), (it) -> new FairShare()),
					this.placeShares.of(lane.backend().condition()));
		}
		return queue;
	}

	private QueueRotation rotation(Lane lane) {
		return this.rotations.computeIfAbsent(lane.backend().condition(),
				(condition) -> new QueueRotation(this.orders, current(lane.backend())));
	}

	/**
	 * The settings of a backend in the current configuration, the last ones if it has
	 * none.
	 */
	private Backend current(Backend backend) {
		return this.pool.backends()
			.stream()
			.filter((it) -> it.condition() == backend.condition())
			.findFirst()
			.orElse(backend);
	}

	private void remove(Waiter waiter) {
		WaitQueue queue = waiter.queue();
		if (queue == null) {
			return;
		}
		waiter.clearTimer();
		queue.remove(waiter);
		this.places.remove(waiter.place());
		for (Lane lane : queue.lanes()) {
			rotation(lane).remove(waiter, lane);
			this.quotaShares.computeIfPresent(lane.model(), (model, share) -> share.isUnused() ? null : share);
		}
		if (queue.isEmpty()) {
			queue.clearTimer();
			this.queues.remove(queue.lanes());
		}
	}

	/** Ends a wait without a lane. */
	private void dismiss(Waiter waiter) {
		remove(waiter);
		waiter.proceed(false);
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
		QueueRotation.Choice next = rotation.next();
		rotation.serving(next != null);
		if (next == null) {
			return;
		}
		Waiter waiter = next.waiter();
		WaitQueue queue = Objects.requireNonNull(waiter.queue());
		// before the response to the first one is known, another backend may be free
		FairShare.ClientShare charged = next.share().charge(waiter);
		remove(waiter);
		waiter.choose((begun) -> this.thread.execute(() -> {
			if (!begun) {
				next.share().refund(waiter, charged);
			}
			onChosen(rotation, queue, (begun || waiter.isGone()) ? passes : passes + 1);
		}));
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
			dismiss(waiter);
		}
		return false;
	}

}
