package dev.weir.queue;

import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;

import dev.weir.backend.Lane;
import org.jspecify.annotations.Nullable;

/**
 * Decides which queue is served when a backend has a free place: its models in turn, and
 * for one model, of the queues that contain its lane, the one whose first request comes
 * first. Changed by one thread at a time.
 */
final class QueueRotation {

	// in the order in which they are served
	private final Map<Lane, Set<WaitQueue>> byLane = new LinkedHashMap<>();

	private final AtomicBoolean pending = new AtomicBoolean();

	private volatile boolean empty = true;

	private boolean serving;

	/**
	 * Whether no queue contains a lane of the backend. Thread-safe.
	 * @return whether there is nothing to serve
	 */
	boolean isEmpty() {
		return this.empty;
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

	void add(Lane lane, WaitQueue queue) {
		this.byLane.computeIfAbsent(lane, (it) -> new LinkedHashSet<>()).add(queue);
		this.empty = false;
	}

	void remove(Lane lane, WaitQueue queue) {
		Set<WaitQueue> queues = this.byLane.get(lane);
		if (queues != null && queues.remove(queue) && queues.isEmpty()) {
			this.byLane.remove(lane);
			this.empty = this.byLane.isEmpty();
		}
	}

	/**
	 * The next queue with an available lane on this backend. Its model goes to the end of
	 * the order. Checks no lane if the backend takes no request at all, and otherwise at
	 * most one of each model.
	 * @return the queue, which is not empty, or {@code null} if there is none
	 */
	@Nullable WaitQueue next() {
		for (Map.Entry<Lane, Set<WaitQueue>> entry : this.byLane.entrySet()) {
			Lane lane = entry.getKey();
			if (!lane.backend().isAvailable() || !lane.backend().hasPlace()) {
				return null;
			}
			if (lane.isAvailable()) {
				Set<WaitQueue> queues = entry.getValue();
				WaitQueue best = null;
				for (WaitQueue queue : queues) {
					best = (best == null || queue.isBefore(best)) ? queue : best;
				}
				this.byLane.remove(lane);
				this.byLane.put(lane, queues);
				return best;
			}
		}
		return null;
	}

}
