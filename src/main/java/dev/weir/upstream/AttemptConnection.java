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

	private volatile @Nullable ConnectionUse use;

	private volatile boolean fresh;

	/** Records that the call begins on a connection. */
	public void begin(Connection connection) {
		this.use = ConnectionUse.begin(connection);
	}

	/** Asks for a new connection. */
	public void renew() {
		this.use = null;
		this.fresh = true;
	}

	/**
	 * Whether the call needs a new connection.
	 * @return whether {@link #renew()} was called
	 */
	public boolean isFresh() {
		return this.fresh;
	}

	/**
	 * Lets a client record which connection it uses, and use a new one if necessary.
	 * @param client the client
	 * @return the client for this call only
	 */
	public HttpClient watch(HttpClient client) {
		HttpClient watched = client.doOnRequest((request, connection) -> begin(connection));
		return this.fresh ? FreshConnections.only(watched) : watched;
	}

	/**
	 * Whether the call failed since its connection was stale.
	 * @param error how the call failed
	 * @return whether the connection was closed under the request
	 */
	public boolean wasStale(Throwable error) {
		ConnectionUse last = this.use;
		return last != null && (error instanceof IOException || AbortedException.isConnectionReset(error))
				&& last.isStale();
	}

}
