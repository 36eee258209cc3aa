package dev.weir.testing;

import java.util.ArrayDeque;
import java.util.Deque;

import org.junit.jupiter.api.AutoClose;

/**
 * Servers and the like that one test opens, as an {@link AutoClose} field of its class:
 * they are closed after the test, the last one first.
 */
public final class OpenResources implements AutoCloseable {

	private final Deque<AutoCloseable> open = new ArrayDeque<>();

	/**
	 * Adds a resource.
	 * @param <T> its type
	 * @param resource the open resource
	 * @return the resource
	 */
	public <T extends AutoCloseable> T add(T resource) {
		this.open.push(resource);
		return resource;
	}

	/**
	 * Starts a backend.
	 * @param script the script to run for each request
	 * @return the backend
	 */
	public RawBackend backend(RawBackend.Script script) {
		return add(RawBackend.start(script));
	}

	@Override
	public void close() {
		while (!this.open.isEmpty()) {
			try {
				this.open.pop().close();
			}
			catch (Exception ex) {
				throw new IllegalStateException(ex);
			}
		}
	}

}
