package dev.weir.queue;

import java.util.Comparator;
import java.util.TreeSet;

import org.jspecify.annotations.Nullable;

/**
 * First come, first served. A request that waits again, because another one took the free
 * place or its lane refused it, keeps its place before those that arrived later.
 */
final class ArrivalOrder implements WaitOrder {

	private final TreeSet<Waiter> waiters = new TreeSet<>(Comparator.comparingLong(Waiter::arrival));

	@Override
	public void add(Waiter waiter) {
		this.waiters.add(waiter);
	}

	@Override
	public void remove(Waiter waiter) {
		this.waiters.remove(waiter);
	}

	@Override
	public @Nullable Waiter first() {
		return this.waiters.isEmpty() ? null : this.waiters.first();
	}

}
