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

/**
 * The shares of clients in what is served to waiting requests of one model: start-time
 * fair queueing (P. Goyal, H. Vin, H. Cheng, Start-time Fair Queueing, SIGCOMM 1996,
 * section 2; for several servers W. Jin, J. Chase, J. Kaur, Interposed Proportional
 * Sharing for a Storage Service Utility, SIGMETRICS 2004), on two levels: priorities by
 * their weights, and within a priority all clients equally. Each has a start tag, the
 * virtual time at which its next request begins, and the lowest one is served next. A
 * request adds its tokens, divided by the weight. A client that begins to wait starts at
 * the present virtual time, which is the start tag of the request that was served last.
 * So a client gets no credit for time without requests. Used by one thread at a time.
 */
final class FairShare {

	private static final Comparator<ClientShare> BY_TAG = Comparator.<ClientShare>comparingDouble((it) -> it.tag)
		.thenComparing((it) -> it.name);

	private final Map<ClientPriority, PriorityShare> priorities = new EnumMap<>(ClientPriority.class);

	private double virtualTime;

	private int orders;

	FairShare() {
		for (ClientPriority priority : ClientPriority.values()) {
			this.priorities.put(priority, new PriorityShare(priority));
		}
	}

	/** Records that a further queue uses the shares. */
	void open() {
		this.orders++;
	}

	/**
	 * Records that a queue uses the shares no longer.
	 * @return whether it was the last one, so that the shares can be forgotten
	 */
	boolean close() {
		return --this.orders == 0;
	}

	/**
	 * The share of the client that a request belongs to. It must be {@linkplain #leave
	 * left}.
	 * @param waiter a request that begins to wait
	 * @return the share
	 */
	ClientShare join(Waiter waiter) {
		PriorityShare priority = Objects.requireNonNull(this.priorities.get(waiter.priority()));
		if (priority.waiting++ == 0) {
			priority.tag = Math.max(priority.tag, this.virtualTime);
		}
		ClientShare client = priority.clients.computeIfAbsent(waiter.client(),
				(name) -> new ClientShare(priority, name));
		if (client.waiting++ == 0) {
			priority.idle.remove(client);
			client.tag = Math.max(client.tag, priority.virtualTime);
		}
		return client;
	}

	/**
	 * Records that a request of a client waits no longer.
	 * @param client the share of its client
	 */
	void leave(ClientShare client) {
		client.priority.waiting--;
		if (--client.waiting == 0) {
			client.priority.idle.add(client);
			client.priority.forgetIdle();
		}
	}

	/**
	 * Charges a request that is served.
	 * @param waiter the request, which waits no longer
	 */
	void onServed(Waiter waiter) {
		PriorityShare priority = Objects.requireNonNull(this.priorities.get(waiter.priority()));
		ClientShare client = priority.clients.get(waiter.client());
		if (client == null) {
			// it was forgotten, because it was the only one
			client = new ClientShare(priority, waiter.client());
			client.tag = priority.virtualTime;
			priority.clients.put(client.name, client);
			priority.idle.add(client);
		}
		this.virtualTime = Math.max(this.virtualTime, priority.tag);
		priority.tag += (double) waiter.tokens() / priority.weight;
		priority.virtualTime = Math.max(priority.virtualTime, client.tag);
		client.charge(waiter.tokens());
		priority.forgetIdle();
	}

	/**
	 * Compares the next requests of two clients.
	 * @param one a request that waits
	 * @param other another one
	 * @return a negative number if the first one is served before the other, otherwise a
	 * positive one
	 */
	static int compare(Waiter one, Waiter other) {
		ClientShare oneClient = Objects.requireNonNull(one.share());
		ClientShare otherClient = Objects.requireNonNull(other.share());
		int byPriority = PriorityShare.compare(oneClient.priority, otherClient.priority);
		if (byPriority != 0) {
			return byPriority;
		}
		int byClient = Double.compare(oneClient.tag, otherClient.tag);
		return (byClient != 0) ? byClient : Long.compare(one.arrival(), other.arrival());
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

		static int compare(PriorityShare one, PriorityShare other) {
			int byTag = (one != other) ? Double.compare(one.tag, other.tag) : 0;
			return (byTag != 0) ? byTag : one.priority.compareTo(other.priority);
		}

	}

	/** The share of a client in its priority. */
	static final class ClientShare {

		private final PriorityShare priority;

		private final String name;

		// those in which requests of the client wait
		private final List<FairOrder> orders = new ArrayList<>(1);

		private double tag;

		private int waiting;

		ClientShare(PriorityShare priority, String name) {
			this.priority = priority;
			this.name = name;
		}

		double tag() {
			return this.tag;
		}

		ClientPriority priority() {
			return this.priority.priority;
		}

		void enter(FairOrder order) {
			this.orders.add(order);
		}

		void exit(FairOrder order) {
			this.orders.remove(order);
		}

		private void charge(long tokens) {
			boolean idle = this.priority.idle.remove(this);
			this.orders.forEach((order) -> order.takeOut(this));
			this.tag += tokens;
			this.orders.forEach((order) -> order.putBack(this));
			if (idle) {
				this.priority.idle.add(this);
			}
		}

	}

}
