package dev.weir.backend;

import org.jspecify.annotations.Nullable;

/**
 * Tells one listener that a lane of a pool may have become free. Costs the reading of one
 * field where nobody listens.
 */
final class FreeSignal {

	private volatile @Nullable Runnable listener;

	void listener(Runnable listener) {
		this.listener = listener;
	}

	void send() {
		Runnable current = this.listener;
		if (current != null) {
			current.run();
		}
	}

}
