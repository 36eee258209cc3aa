package dev.weir.gateway;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

import org.jspecify.annotations.Nullable;
import reactor.netty.Connection;

import org.springframework.cloud.gateway.support.ServerWebExchangeUtils;

import dev.weir.response.ResponseConnection;

/**
 * The attributes of an attempt. The gateway's routing filter puts the connection of a
 * response among them, on the event loop of that connection, and the attempt may have
 * ended in the meantime. Exactly one thread takes or closes the connection. A connection
 * that is replaced by another is closed.
 */
final class AttemptAttributes extends ConcurrentHashMap<String, Object> {

	private volatile boolean closed;

	AttemptAttributes(Map<String, Object> attributes) {
		super(attributes);
	}

	@Override
	public @Nullable Object put(String name, Object value) {
		Object previous = super.put(name, value);
		if (name.equals(ServerWebExchangeUtils.CLIENT_RESPONSE_CONN_ATTR)) {
			if (previous instanceof Connection replaced && replaced != value) {
				ResponseConnection.close(replaced);
			}
			if (this.closed) {
				disposeConnection();
			}
		}
		return previous;
	}

	/**
	 * Takes the connection of the response.
	 * @return the connection, or {@code null} if there is none or it was taken before
	 */
	@Nullable Connection takeConnection() {
		return (Connection) remove(ServerWebExchangeUtils.CLIENT_RESPONSE_CONN_ATTR);
	}

	/**
	 * Closes the connection of a response that was not taken, and of each that arrives
	 * later.
	 */
	void close() {
		this.closed = true;
		disposeConnection();
	}

	private void disposeConnection() {
		Connection connection = takeConnection();
		if (connection != null) {
			ResponseConnection.close(connection);
		}
	}

}
