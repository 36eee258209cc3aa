package dev.weir.queue;

import dev.weir.config.ClientPriority;
import dev.weir.request.Client;
import org.jspecify.annotations.Nullable;

/**
 * The place of a request among those that wait in a pool, which {@code max-waiting}
 * limits.
 */
final class Place {

	private final String client;

	private final ClientPriority priority;

	private final long arrival;

	private final Runnable onGiveWay;

	private volatile boolean released;

	/**
	 * Creates a place that is not taken.
	 * @param client the client of the request, or {@code null} if no clients are
	 * configured
	 * @param arrival the number of the request in the order of arrival
	 * @param onGiveWay ends the wait of the request, because another one has its place
	 */
	Place(@Nullable Client client, long arrival, Runnable onGiveWay) {
		this.client = (client != null) ? client.name() : "";
		this.priority = Client.priorityOf(client);
		this.arrival = arrival;
		this.onGiveWay = onGiveWay;
	}

	/**
	 * The client of the request.
	 * @return its name, empty if no clients are configured
	 */
	String client() {
		return this.client;
	}

	ClientPriority priority() {
		return this.priority;
	}

	long arrival() {
		return this.arrival;
	}

	void giveWay() {
		this.onGiveWay.run();
	}

	/** Records that the request needs its place no longer. Thread-safe. */
	void release() {
		this.released = true;
	}

	boolean isReleased() {
		return this.released;
	}

}
