package dev.weir.queue;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import java.util.function.Predicate;

import org.jspecify.annotations.Nullable;

import dev.weir.backend.Lane;
import dev.weir.config.ClientPriority;
import dev.weir.queue.FairShare.ClientShare;

/**
 * Serves clients by their {@linkplain FairShare shares}, the lanes of one client in turn,
 * and its requests for one lane in the order of arrival. A request that waits again,
 * because another one took the free place or its lane refused it, keeps its place before
 * those that arrived later. Without clients all requests are those of one client.
 */
final class FairOrder implements WaitOrder {

	private final FairShare share;

	// for each client the lanes in the order in which they are served
	private final Map<ClientShare, Map<Lane, TreeSet<Waiter>>> clients = new HashMap<>();

	private final Map<ClientPriority, TreeSet<ClientShare>> byPriority = new EnumMap<>(ClientPriority.class);

	FairOrder(FairShare share) {
		this.share = share;
	}

	@Override
	public FairShare share() {
		return this.share;
	}

	@Override
	public void add(Waiter waiter, Lane lane) {
		ClientShare client = this.share.join(waiter);
		Map<Lane, TreeSet<Waiter>> lanes = this.clients.get(client);
		if (lanes == null) {
			lanes = new LinkedHashMap<>();
			this.clients.put(client, lanes);
			client.enter(this);
		}
		lanes.computeIfAbsent(lane, (it) -> new TreeSet<>(Comparator.comparingLong(Waiter::arrival))).add(waiter);
	}

	@Override
	public void remove(Waiter waiter, Lane lane) {
		ClientShare client = this.share.find(waiter);
		Map<Lane, TreeSet<Waiter>> lanes = (client != null) ? this.clients.get(client) : null;
		TreeSet<Waiter> waiters = (lanes != null) ? lanes.get(lane) : null;
		if (client == null || lanes == null || waiters == null || !waiters.remove(waiter)) {
			return;
		}
		if (waiters.isEmpty()) {
			lanes.remove(lane);
		}
		if (lanes.isEmpty()) {
			client.exit(this);
			this.clients.remove(client);
		}
		this.share.leave(client);
	}

	/** Takes a client out of the order before its place changes. */
	void takeOut(ClientShare client) {
		TreeSet<ClientShare> others = this.byPriority.get(client.priority());
		if (others != null && others.remove(client) && others.isEmpty()) {
			this.byPriority.remove(client.priority());
		}
	}

	/** Puts a client that waits into the order, at its present place. */
	void putBack(ClientShare client) {
		this.byPriority.computeIfAbsent(client.priority(), (priority) -> new TreeSet<>()).add(client);
	}

	@Override
	public boolean isEmpty() {
		return this.clients.isEmpty();
	}

	@Override
	public @Nullable Waiter next(Predicate<Lane> available) {
		Map<Lane, Boolean> checked = new HashMap<>();
		List<ClientPriority> priorities = new ArrayList<>(this.byPriority.keySet());
		priorities.sort(this.share::compare);
		for (ClientPriority priority : priorities) {
			for (ClientShare client : Objects.requireNonNull(this.byPriority.get(priority))) {
				Waiter next = next(Objects.requireNonNull(this.clients.get(client)),
						(lane) -> checked.computeIfAbsent(lane, available::test));
				if (next != null) {
					return next;
				}
			}
		}
		return null;
	}

	private static @Nullable Waiter next(Map<Lane, TreeSet<Waiter>> lanes, Predicate<Lane> available) {
		for (Map.Entry<Lane, TreeSet<Waiter>> entry : lanes.entrySet()) {
			if (available.test(entry.getKey())) {
				lanes.remove(entry.getKey());
				lanes.put(entry.getKey(), entry.getValue());
				return entry.getValue().first();
			}
		}
		return null;
	}

}
