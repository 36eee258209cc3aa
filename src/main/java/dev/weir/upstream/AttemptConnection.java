package dev.weir.upstream;

import java.io.IOException;

import org.jspecify.annotations.Nullable;
import reactor.netty.Connection;
import reactor.netty.channel.AbortedException;
import reactor.netty.http.client.HttpClient;

/**
 * The connection of one call to a backend.
 */
public final class AttemptConnection {

	private volatile @Nullable StaleConnectionDetector use;

	private volatile boolean fresh;

	/** Records that the call begins on a connection. */
	public void begin(Connection connection) {
		this.use = StaleConnectionDetector.begin(connection);
	}

	/** Asks for a new connection. */
	public void requireNew() {
		this.use = null;
		this.fresh = true;
	}

	/**
	 * Whether the call needs a new connection.
	 * @return whether {@link #requireNew()} was called
	 */
	public boolean isNewRequired() {
		return this.fresh;
	}

	/**
	 * Lets a client record which connection it uses, and use a new one if necessary.
	 * @param client the client
	 * @return the client for this call only
	 */
	public HttpClient track(HttpClient client) {
		HttpClient tracked = client.doOnRequest((request, connection) -> begin(connection));
		return this.fresh ? FreshConnectionProvider.withNewConnections(tracked) : tracked;
	}

	/**
	 * Whether the call failed since its connection was stale.
	 * @param error how the call failed
	 * @return whether the connection was closed under the request
	 */
	public boolean isStaleFailure(Throwable error) {
		StaleConnectionDetector last = this.use;
		return last != null && (error instanceof IOException || AbortedException.isConnectionReset(error))
				&& last.isStale();
	}

}
