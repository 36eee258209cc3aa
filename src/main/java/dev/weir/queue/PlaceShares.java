package dev.weir.queue;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

import dev.weir.backend.Backend;
import dev.weir.backend.BackendCondition;
import dev.weir.backend.Pool;
import org.jspecify.annotations.Nullable;

/**
 * The shares of clients in the places of the backends that {@code max-concurrent} limits.
 * Backends have them in common if they serve a common model, directly or through others:
 * requests for it compete for the places of both. Used by one thread at a time.
 */
final class PlaceShares {

	private Map<BackendCondition, FairShare> shares = Map.of();

	PlaceShares(Pool pool) {
		reload(pool);
	}

	/**
	 * The shares in the places of a backend.
	 * @param backend the backend
	 * @return the shares, or {@code null} if the number of places is not limited
	 */
	@Nullable FairShare of(BackendCondition backend) {
		return this.shares.get(backend);
	}

	/**
	 * Continues with the backends of a new configuration. Those that remain keep their
	 * shares.
	 * @param pool the pool
	 */
	void reload(Pool pool) {
		Map<BackendCondition, FairShare> kept = new HashMap<>(this.shares);
		Map<BackendCondition, FairShare> next = new HashMap<>();
		List<Backend> left = new ArrayList<>(pool.backends().stream().filter(Backend::isLimited).toList());
		while (!left.isEmpty()) {
			List<Backend> group = groupOf(left.get(0), left);
			FairShare share = group.stream()
				.map((backend) -> kept.get(backend.condition()))
				.filter(Objects::nonNull)
				.findFirst()
				.orElseGet(FairShare::new);
			kept.values().removeIf((it) -> it == share);
			group.forEach((backend) -> next.put(backend.condition(), share));
		}
		this.shares = next;
	}

	private static List<Backend> groupOf(Backend first, List<Backend> left) {
		List<Backend> group = new ArrayList<>(List.of(first));
		left.remove(first);
		for (int i = 0; i < group.size(); i++) {
			List<Backend> more = left.stream().filter(group.get(i)::hasModelOf).toList();
			group.addAll(more);
			left.removeAll(more);
		}
		return group;
	}

}
