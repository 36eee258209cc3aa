package dev.weir.queue;

import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeSet;

import org.jspecify.annotations.Nullable;

import dev.weir.config.ClientPriority;

/**
 * The places of a pool's queues, by client, so that one client cannot take all of them.
 * Used by one thread at a time.
 */
final class WaitingPlaces {

	private final Map<String, Places> clients = new HashMap<>();

	private final TreeSet<Places> byShare = new TreeSet<>(
			Comparator.<Places>comparingLong((places) -> places.share()).thenComparing((places) -> places.client));

	/**
	 * Gives a request a place.
	 * @param waiter a request without a place
	 */
	void add(Waiter waiter) {
		Places places = this.clients.computeIfAbsent(waiter.client(), Places::new);
		this.byShare.remove(places);
		places.priority = waiter.priority();
		places.waiters.add(waiter);
		this.byShare.add(places);
	}

	/**
	 * Takes the place of a request.
	 * @param waiter a request with a place
	 */
	void remove(Waiter waiter) {
		Places places = this.clients.get(waiter.client());
		if (places == null) {
			return;
		}
		this.byShare.remove(places);
		places.waiters.remove(waiter);
		if (places.waiters.isEmpty()) {
			this.clients.remove(places.client);
		}
		else {
			this.byShare.add(places);
		}
	}

	/**
	 * The request that gives way to another one when all places are taken: the last one
	 * of the client that has the most places in relation to the weight of its priority.
	 * @param waiter a request without a place
	 * @return the other request, or {@code null} if the client of the first one would
	 * have at least as many places then
	 */
	@Nullable Waiter toGiveWay(Waiter waiter) {
		if (this.byShare.isEmpty()) {
			return null;
		}
		Places most = this.byShare.last();
		Places own = this.clients.get(waiter.client());
		int then = ((own != null) ? own.waiters.size() : 0) + 1;
		return (Places.share(then, waiter.priority()) < most.share()) ? most.waiters.last() : null;
	}

	/** The places of one client. */
	private static final class Places {

		private final String client;

		private final TreeSet<Waiter> waiters = new TreeSet<>(Comparator.comparingLong(Waiter::arrival));

		private ClientPriority priority = ClientPriority.NORMAL;

		Places(String client) {
			this.client = client;
		}

		long share() {
			return share(this.waiters.size(), this.priority);
		}

		static long share(int places, ClientPriority priority) {
			return (long) places * (ClientPriority.HIGH.weight() / priority.weight());
		}

	}

}
