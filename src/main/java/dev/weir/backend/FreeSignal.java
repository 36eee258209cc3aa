package dev.weir.backend;

import java.util.function.Consumer;

import org.jspecify.annotations.Nullable;

/**
 * Notifies one listener that lanes of a backend may have become free. Without a listener
 * it costs one read of a field.
 */
final class FreeSignal {

	private volatile @Nullable Consumer<BackendCondition> listener;

	void listener(Consumer<BackendCondition> listener) {
		this.listener = listener;
	}

	void notifyListener(BackendCondition backend) {
		Consumer<BackendCondition> current = this.listener;
		if (current != null) {
			current.accept(backend);
		}
	}

}
