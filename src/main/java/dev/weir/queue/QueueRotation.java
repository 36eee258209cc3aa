package dev.weir.queue;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;

import dev.weir.backend.Backend;
import dev.weir.backend.Lane;
import org.jspecify.annotations.Nullable;

/**
 * Decides which request is served when a backend can take one. If the backend was full,
 * requests of all models compete for its places: the client with the lowest tag is
 * served. Otherwise quota is what requests wait for, and each model has its own: the
 * models are served in turn, and of one model the client with the lowest tag. Changed by
 * one thread at a time.
 */
final class QueueRotation {

	private final Function<FairShare, WaitOrder> orders;

	// in the order in which they are served
	private final Map<Lane, WaitOrder> byLane = new LinkedHashMap<>();

	// the requests of all lanes, if max-concurrent limits the backend
	private @Nullable WaitOrder ofPlaces;

	// those before a reload, until all requests have been moved
	private @Nullable WaitOrder formerOfPlaces;

	// of the current configuration, though requests may wait for lanes of an earlier one
	private Backend backend;

	private final AtomicBoolean pending = new AtomicBoolean();

	private volatile boolean empty = true;

	private boolean serving;

	// whether the last check ended, or the first request came, because no place was free
	private boolean full;

	/**
	 * Creates a rotation without requests.
	 * @param orders creates an order by the shares of clients
	 * @param backend the backend
	 */
	QueueRotation(Function<FairShare, WaitOrder> orders, Backend backend) {
		this.orders = orders;
		this.backend = backend;
	}

	/**
	 * Continues with the backend of a new configuration.
	 * @param current the backend
	 * @param places the shares in its places, or {@code null} if {@code max-concurrent}
	 * does not limit it
	 * @return whether the shares are other ones than before, so that all requests that
	 * wait have to be {@linkplain #movePlace moved}
	 */
	boolean reload(Backend current, @Nullable FairShare places) {
		this.backend = current;
		if (places == ((this.ofPlaces != null) ? this.ofPlaces.share() : null)) {
			return false;
		}
		this.formerOfPlaces = this.ofPlaces;
		this.ofPlaces = null;
		this.full = current.isFull();
		return true;
	}

	/**
	 * Moves a request to the shares of a new configuration.
	 * @param waiter the request
	 * @param lane its lane on the backend
	 * @param places the shares in the places of the backend, or {@code null} if
	 * {@code max-concurrent} does not limit it
	 */
	void movePlace(Waiter waiter, Lane lane, @Nullable FairShare places) {
		if (this.formerOfPlaces != null) {
			this.formerOfPlaces.remove(waiter, lane);
			this.formerOfPlaces = this.formerOfPlaces.isEmpty() ? null : this.formerOfPlaces;
		}
		addPlace(waiter, lane, places);
	}

	/**
	 * Requests a check of the backend. Thread-safe. One check covers all events until it
	 * begins.
	 * @return whether the caller has to schedule the check
	 */
	boolean requestCheck() {
		return !this.empty && this.pending.compareAndSet(false, true);
	}

	/** Records that a check begins: later events need another one. */
	void beginCheck() {
		this.pending.set(false);
	}

	/**
	 * Whether a request that was woken is still choosing its lane.
	 * @return whether other requests have to wait for it
	 */
	boolean isServing() {
		return this.serving;
	}

	void serving(boolean now) {
		this.serving = now;
	}

	boolean isUnused() {
		return this.empty && !this.serving;
	}

	/**
	 * Adds a request that can use the backend.
	 * @param waiter the request
	 * @param lane its lane on the backend
	 * @param quota the shares in the quota of its model
	 * @param places the shares in the places of the backend, or {@code null} if
	 * {@code max-concurrent} does not limit it
	 */
	void add(Waiter waiter, Lane lane, FairShare quota, @Nullable FairShare places) {
		if (this.byLane.isEmpty()) {
			this.full = this.backend.isFull();
			this.empty = false;
		}
		this.byLane.computeIfAbsent(lane, (it) -> this.orders.apply(quota)).add(waiter, lane);
		addPlace(waiter, lane, places);
	}

	private void addPlace(Waiter waiter, Lane lane, @Nullable FairShare places) {
		if (places != null) {
			if (this.ofPlaces == null) {
				this.ofPlaces = this.orders.apply(places);
			}
			this.ofPlaces.add(waiter, lane);
		}
	}

	void remove(Waiter waiter, Lane lane) {
		WaitOrder order = this.byLane.get(lane);
		if (order == null) {
			return;
		}
		order.remove(waiter, lane);
		if (order.isEmpty()) {
			this.byLane.remove(lane);
			this.empty = this.byLane.isEmpty();
		}
		if (this.ofPlaces != null) {
			this.ofPlaces.remove(waiter, lane);
			this.ofPlaces = this.ofPlaces.isEmpty() ? null : this.ofPlaces;
		}
	}

	/**
	 * The next request with an available lane on this backend. Its model goes to the end
	 * of the order. Checks no lane if the backend takes no request at all, and otherwise
	 * at most one of each model.
	 * @return the request and the shares to charge, or {@code null} if there is none
	 */
	@Nullable Choice next() {
		if (this.byLane.isEmpty()) {
			return null;
		}
		if (!this.backend.isAvailable() || !this.backend.hasPlace()) {
			this.full = this.backend.isFull();
			return null;
		}
		Choice choice = (this.full && this.ofPlaces != null) ? Choice.of(this.ofPlaces) : null;
		if (choice == null) {
			choice = nextInTurn();
		}
		this.full = this.full && choice != null;
		return choice;
	}

	private @Nullable Choice nextInTurn() {
		for (Map.Entry<Lane, WaitOrder> entry : this.byLane.entrySet()) {
			Lane lane = entry.getKey();
			Choice choice = lane.isAvailable() ? Choice.of(entry.getValue()) : null;
			// null if another thread has taken the lane since
			if (choice != null) {
				this.byLane.remove(lane);
				this.byLane.put(lane, entry.getValue());
				return choice;
			}
		}
		return null;
	}

	/**
	 * The request that is served next.
	 *
	 * @param waiter the request
	 * @param share the shares that it is charged to
	 */
	record Choice(Waiter waiter, FairShare share) {

		static @Nullable Choice of(WaitOrder order) {
			Waiter waiter = order.next(Lane::isAvailable);
			return (waiter != null) ? new Choice(waiter, order.share()) : null;
		}

	}

}
