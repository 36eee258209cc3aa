package dev.weir.queue;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;

import dev.weir.config.ClientPriority;
import org.jspecify.annotations.Nullable;

/**
 * The shares of clients in one resource that waiting requests compete for: start-time
 * fair queueing (P. Goyal, H. Vin, H. Cheng, Start-time Fair Queueing, SIGCOMM 1996,
 * section 2; for several servers W. Jin, J. Chase, J. Kaur, Interposed Proportional
 * Sharing for a Storage Service Utility, SIGMETRICS 2004), on two levels: priorities by
 * their weights, and within a priority all clients equally. Each has a start tag, the
 * virtual time at which its next request begins, and the lowest one is served next. A
 * request adds its tokens, divided by the weight. A client that begins to wait, or could
 * not be served for a while, continues at the present virtual time, which is the highest
 * start tag of a request that was served. So a client gets no credit for time in which it
 * did not compete.
 * <p>
 * There is one object for each resource. The quota of a model is one: backends count
 * quota for each model. The places of backends with {@code max-concurrent} are another
 * one, which all models of these backends have in common. A request is charged for the
 * resource that was short when it was served: the places if its backend was full, else
 * the quota. So what a client gets of one model costs it nothing where it waits for the
 * quota of another one. Used by one thread at a time.
 */
final class FairShare {

	private static final Comparator<ClientShare> BY_TAG = Comparator.<ClientShare>comparingDouble((it) -> it.tag)
		.thenComparingLong((it) -> it.arrival);

	private final Map<ClientPriority, PriorityShare> priorities = new EnumMap<>(ClientPriority.class);

	private double virtualTime;

	private int waiting;

	FairShare() {
		for (ClientPriority priority : ClientPriority.values()) {
			this.priorities.put(priority, new PriorityShare(priority));
		}
	}

	/**
	 * Whether no request waits.
	 * @return whether the shares can be forgotten
	 */
	boolean isUnused() {
		return this.waiting == 0;
	}

	/**
	 * The share of the client that a request belongs to. It must be {@linkplain #leave
	 * left}.
	 * @param waiter a request that begins to wait in an order
	 * @return the share
	 */
	ClientShare join(Waiter waiter) {
		this.waiting++;
		PriorityShare priority = of(waiter.priority());
		if (priority.waiting++ == 0) {
			priority.tag = Math.max(priority.tag, this.virtualTime);
		}
		ClientShare client = priority.clients.computeIfAbsent(waiter.client(),
				(name) -> new ClientShare(priority, name));
		if (client.waiting++ == 0) {
			priority.idle.remove(client);
			client.arrival = waiter.arrival();
			client.tag = Math.max(client.tag, priority.virtualTime);
		}
		return client;
	}

	/**
	 * Records that a request of a client waits in an order no longer.
	 * @param client the share of its client
	 */
	void leave(ClientShare client) {
		client.priority.waiting--;
		if (--client.waiting == 0) {
			client.priority.idle.add(client);
			client.priority.forgetIdle();
		}
		if (--this.waiting == 0) {
			forget();
		}
	}

	/** Forgets what was served, because no request waits: all clients start equal. */
	private void forget() {
		for (PriorityShare priority : this.priorities.values()) {
			this.virtualTime = Math.max(this.virtualTime, priority.tag);
			priority.clients.clear();
			priority.idle.clear();
		}
	}

	/**
	 * The share of the client that a request belongs to.
	 * @param waiter the request
	 * @return the share, or {@code null} if the client has been forgotten: it does not
	 * wait, and is not ahead of the virtual time
	 */
	@Nullable ClientShare find(Waiter waiter) {
		return of(waiter.priority()).clients.get(waiter.client());
	}

	/**
	 * Charges a request when it is woken.
	 * @param waiter the request, which still waits
	 * @return the share that is charged
	 */
	ClientShare charge(Waiter waiter) {
		PriorityShare priority = of(waiter.priority());
		ClientShare client = Objects.requireNonNull(find(waiter));
		this.virtualTime = Math.max(this.virtualTime, priority.tag);
		priority.tag = this.virtualTime + (double) waiter.tokens() / priority.weight;
		priority.virtualTime = Math.max(priority.virtualTime, client.tag);
		client.move(priority.virtualTime + waiter.tokens());
		priority.forgetIdle();
		return client;
	}

	/**
	 * Takes back the charge of a request that was woken and has begun no attempt. Without
	 * effect if the charge has been forgotten in the meantime.
	 * @param waiter the request
	 * @param client the share that was charged
	 */
	void refund(Waiter waiter, ClientShare client) {
		if (client == find(waiter)) {
			client.priority.tag -= waiter.tokens() / client.priority.weight;
			client.move(client.tag - waiter.tokens());
		}
	}

	/**
	 * Compares two priorities of which requests wait.
	 * @param one a priority
	 * @param other another one
	 * @return a negative number if the first one is served before the other
	 */
	int compare(ClientPriority one, ClientPriority other) {
		int byTag = Double.compare(of(one).tag, of(other).tag);
		return (byTag != 0) ? byTag : one.compareTo(other);
	}

	private PriorityShare of(ClientPriority priority) {
		return Objects.requireNonNull(this.priorities.get(priority));
	}

	/** The share of a priority. */
	private static final class PriorityShare {

		private final ClientPriority priority;

		private final double weight;

		private final Map<String, ClientShare> clients = new HashMap<>();

		// clients that do not wait, but have been served ahead of the virtual time
		private final TreeSet<ClientShare> idle = new TreeSet<>(BY_TAG);

		private double tag;

		private double virtualTime;

		private int waiting;

		PriorityShare(ClientPriority priority) {
			this.priority = priority;
			this.weight = priority.weight();
		}

		void forgetIdle() {
			while (!this.idle.isEmpty() && this.idle.first().tag <= this.virtualTime) {
				this.clients.remove(this.idle.pollFirst().name);
			}
		}

	}

	/**
	 * The share of a client in its priority. Those that wait are ordered by their tags,
	 * and those with equal tags by the arrival of their first request.
	 */
	static final class ClientShare implements Comparable<ClientShare> {

		private final PriorityShare priority;

		private final String name;

		// those in which requests of the client wait
		private final List<FairOrder> orders = new ArrayList<>(1);

		private double tag;

		// that of the first request since the client waits
		private long arrival;

		private int waiting;

		ClientShare(PriorityShare priority, String name) {
			this.priority = priority;
			this.name = name;
		}

		@Override
		public int compareTo(ClientShare other) {
			return BY_TAG.compare(this, other);
		}

		ClientPriority priority() {
			return this.priority.priority;
		}

		void enter(FairOrder order) {
			this.orders.add(order);
			order.putBack(this);
		}

		void exit(FairOrder order) {
			this.orders.remove(order);
			order.takeOut(this);
		}

		private void move(double to) {
			boolean idle = this.priority.idle.remove(this);
			this.orders.forEach((order) -> order.takeOut(this));
			this.tag = to;
			this.orders.forEach((order) -> order.putBack(this));
			if (idle) {
				this.priority.idle.add(this);
			}
		}

	}

}
