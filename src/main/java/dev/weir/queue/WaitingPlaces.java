package dev.weir.queue;

import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicInteger;

import org.jspecify.annotations.Nullable;

import dev.weir.config.ClientPriority;

/**
 * The places of the requests that wait in a pool, by client, so that one client cannot
 * take all of them. Used by one thread at a time, apart from {@link #taken()}.
 */
final class WaitingPlaces {

	private final Map<String, Places> clients = new HashMap<>();

	private final AtomicInteger taken = new AtomicInteger();

	private final TreeSet<Places> byShare = new TreeSet<>(
			Comparator.<Places>comparingLong((places) -> places.share()).thenComparing((places) -> places.client));

	/**
	 * The number of places that are taken. Thread-safe.
	 * @return the number
	 */
	int taken() {
		return this.taken.get();
	}

	/**
	 * Takes a place.
	 * @param place a place that is not taken
	 */
	void add(Place place) {
		Places places = this.clients.computeIfAbsent(place.client(), Places::new);
		this.byShare.remove(places);
		places.priority = place.priority();
		places.all.add(place);
		this.byShare.add(places);
		this.taken.incrementAndGet();
	}

	/**
	 * Frees a place. Without effect if it is not taken.
	 * @param place the place
	 */
	void remove(Place place) {
		Places places = this.clients.get(place.client());
		if (places == null || !places.all.contains(place)) {
			return;
		}
		this.byShare.remove(places);
		places.all.remove(place);
		this.taken.decrementAndGet();
		if (places.all.isEmpty()) {
			this.clients.remove(places.client);
		}
		else {
			this.byShare.add(places);
		}
	}

	/**
	 * The place that is freed for another request when all places are taken: the last one
	 * of the client that has the most places in relation to the weight of its priority.
	 * @param place the place of the other request, which is not taken
	 * @return the place, or {@code null} if the client of the other request would have at
	 * least as many places then
	 */
	@Nullable Place toGiveWay(Place place) {
		if (this.byShare.isEmpty()) {
			return null;
		}
		Places most = this.byShare.last();
		Places own = this.clients.get(place.client());
		int then = ((own != null) ? own.all.size() : 0) + 1;
		return (Places.share(then, place.priority()) < most.share()) ? most.all.last() : null;
	}

	/** The places of one client. */
	private static final class Places {

		private final String client;

		private final TreeSet<Place> all = new TreeSet<>(Comparator.comparingLong(Place::arrival));

		private ClientPriority priority = ClientPriority.NORMAL;

		Places(String client) {
			this.client = client;
		}

		long share() {
			return share(this.all.size(), this.priority);
		}

		static long share(int places, ClientPriority priority) {
			return (long) places * (ClientPriority.HIGH.weight() / priority.weight());
		}

	}

}
