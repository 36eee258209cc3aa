package dev.weir.queue;

import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;

import org.jspecify.annotations.Nullable;

import dev.weir.config.ClientPriority;
import dev.weir.queue.FairShare.ClientShare;

/**
 * Serves clients by their {@linkplain FairShare shares}, and the requests of one client
 * in the order of arrival. A request that waits again, because another one took the free
 * place or its lane refused it, keeps its place before those of its client that arrived
 * later. Without clients all requests are those of one client.
 */
final class FairOrder implements WaitOrder {

	private final FairShare share;

	private final Map<ClientShare, ClientWaiters> clients = new HashMap<>();

	private final Map<ClientPriority, TreeSet<ClientWaiters>> byPriority = new EnumMap<>(ClientPriority.class);

	FairOrder(FairShare share) {
		this.share = share;
	}

	@Override
	public void add(Waiter waiter) {
		ClientShare client = this.share.join(waiter);
		waiter.share(client);
		ClientWaiters own = this.clients.get(client);
		if (own == null) {
			own = new ClientWaiters(client);
			this.clients.put(client, own);
			client.enter(this);
		}
		else {
			takeOut(client);
		}
		own.waiters.add(waiter);
		putBack(client);
	}

	@Override
	public void remove(Waiter waiter) {
		ClientShare client = Objects.requireNonNull(waiter.share());
		ClientWaiters own = Objects.requireNonNull(this.clients.get(client));
		takeOut(client);
		own.waiters.remove(waiter);
		if (own.waiters.isEmpty()) {
			this.clients.remove(client);
			client.exit(this);
		}
		else {
			putBack(client);
		}
		this.share.leave(client);
	}

	/** Takes a client out of the order before its place changes. */
	void takeOut(ClientShare client) {
		TreeSet<ClientWaiters> others = this.byPriority.get(client.priority());
		if (others != null) {
			others.remove(Objects.requireNonNull(this.clients.get(client)));
			if (others.isEmpty()) {
				this.byPriority.remove(client.priority());
			}
		}
	}

	/** Puts a client that waits into the order, at its present place. */
	void putBack(ClientShare client) {
		this.byPriority.computeIfAbsent(client.priority(), (priority) -> new TreeSet<>(ClientWaiters.ORDER))
			.add(Objects.requireNonNull(this.clients.get(client)));
	}

	@Override
	public @Nullable Waiter first() {
		Waiter best = null;
		for (TreeSet<ClientWaiters> clients : this.byPriority.values()) {
			Waiter next = clients.first().waiters.first();
			best = (best == null || FairShare.compare(next, best) < 0) ? next : best;
		}
		return best;
	}

	/** The requests of one client. */
	private static final class ClientWaiters {

		static final Comparator<ClientWaiters> ORDER = Comparator
			.<ClientWaiters>comparingDouble((it) -> it.client.tag())
			.thenComparingLong((it) -> it.waiters.first().arrival());

		private final ClientShare client;

		private final TreeSet<Waiter> waiters = new TreeSet<>(Comparator.comparingLong(Waiter::arrival));

		ClientWaiters(ClientShare client) {
			this.client = client;
		}

	}

}
