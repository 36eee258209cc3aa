package dev.weir.response;

import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import org.jspecify.annotations.Nullable;
import reactor.core.Disposable;
import reactor.netty.Connection;
import reactor.netty.channel.ChannelOperations;

/**
 * Closes connections of responses that were not read to their end.
 */
public final class ResponseConnection {

	private ResponseConnection() {
	}

	/**
	 * Closes the connection of a response that nothing has read.
	 * @param connection the connection of the response
	 */
	public static void close(Connection connection) {
		close(connection, () -> {
			Disposable unused = connection.inbound().receive().subscribe((bytes) -> {
			}, (error) -> {
			});
		});
	}

	/**
	 * Closes the connection of a response, on its own event loop. If the response has
	 * ended in the meantime, the connection is back in its pool and may serve another
	 * request: then the bytes that were not read are drained. To cancel them would close
	 * the connection.
	 * @param connection the connection of the response
	 * @param drain reads and drops the bytes that were not read
	 */
	static void close(Connection connection, Runnable drain) {
		if (!(connection instanceof ChannelOperations)) {
			connection.dispose();
			return;
		}
		Runnable closing = () -> {
			// Reactor Netty binds a channel to the operations of a request until it
			// releases it
			if (ChannelOperations.get(connection.channel()) == connection) {
				connection.dispose();
			}
			else {
				drain.run();
			}
		};
		EventLoop loop = loopOf(connection.channel());
		if (loop == null || loop.inEventLoop()) {
			closing.run();
		}
		else {
			loop.execute(closing);
		}
	}

	private static @Nullable EventLoop loopOf(Channel channel) {
		try {
			return channel.eventLoop();
		}
		catch (IllegalStateException ex) {
			// Reactor Netty has released the channel, or it is closed
			return null;
		}
	}

}
