package dev.weir.backend;

import java.util.function.Consumer;

import org.jspecify.annotations.Nullable;

/**
 * Notifies one listener that lanes of a backend may have become free. Without a listener
 * it costs one read of a field.
 */
final class FreeSignal {

	private volatile @Nullable Consumer<Backend> listener;

	void listener(Consumer<Backend> listener) {
		this.listener = listener;
	}

	void notifyListener(Backend backend) {
		Consumer<Backend> current = this.listener;
		if (current != null) {
			current.accept(backend);
		}
	}

}
