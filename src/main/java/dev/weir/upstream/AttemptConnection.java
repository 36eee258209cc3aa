package dev.weir.upstream;

import java.io.IOException;

import io.netty.channel.Channel;
import org.jspecify.annotations.Nullable;
import reactor.netty.Connection;
import reactor.netty.channel.AbortedException;
import reactor.netty.http.client.HttpClient;

/**
 * The connection of one attempt. An attempt whose connection was stale uses a second one.
 */
public final class AttemptConnection {

	private volatile @Nullable StaleConnectionDetector use;

	private volatile boolean fresh;

	/** Records the connection that the request is sent on. */
	public void begin(Connection connection) {
		this.use = StaleConnectionDetector.begin(connection);
	}

	/**
	 * Stops to observe a connection that has switched to another protocol.
	 * @param channel the connection, on its event loop
	 */
	public static void stopDetection(Channel channel) {
		StaleConnectionDetector.removeFrom(channel.pipeline());
	}

	/** Requires that the request is sent on a new connection, not on a pooled one. */
	public void requireNew() {
		this.use = null;
		this.fresh = true;
	}

	/**
	 * Whether the request needs a new connection.
	 * @return whether {@link #requireNew()} was called
	 */
	public boolean isNewRequired() {
		return this.fresh;
	}

	/**
	 * Makes a client record the connection it uses.
	 * @param client the client
	 * @return the client for this attempt only
	 */
	public HttpClient track(HttpClient client) {
		return client.doOnRequest((request, connection) -> begin(connection));
	}

	/**
	 * Whether the attempt failed because its connection was stale.
	 * @param error the error that ended the attempt
	 * @return whether the backend closed the idle connection before it read the request
	 */
	public boolean isStaleFailure(Throwable error) {
		StaleConnectionDetector last = this.use;
		return last != null && (error instanceof IOException || AbortedException.isConnectionReset(error))
				&& last.isStale();
	}

}
