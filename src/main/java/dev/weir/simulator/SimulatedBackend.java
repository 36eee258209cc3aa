package dev.weir.simulator;

import java.net.URI;
import java.time.Clock;
import java.time.Duration;

import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.util.concurrent.ImmediateEventExecutor;
import reactor.netty.ChannelBindException;
import reactor.netty.DisposableServer;
import reactor.netty.http.server.HttpServer;
import reactor.netty.resources.LoopResources;

/**
 * An HTTP server on 127.0.0.1 that behaves like one Azure OpenAI resource and calls no
 * model. It serves the URLs of Azure (with and without deployment, and
 * {@code /openai/v1}) and of OpenAI, requires a credential and accepts any, and gives
 * every deployment a quota of tokens per minute. All its responses have
 * {@code x-simulated: true}.
 */
public final class SimulatedBackend implements AutoCloseable {

	private static final String HOST = "127.0.0.1";

	private static final Duration STOP_TIMEOUT = Duration.ofSeconds(5);

	private final String name;

	private final RequestHandler handler;

	private final LoopResources loop;

	private final ChannelGroup connections = new DefaultChannelGroup(ImmediateEventExecutor.INSTANCE);

	private final DisposableServer server;

	private SimulatedBackend(SimulatorProperties.Backend settings, Clock clock) {
		this.name = settings.name();
		this.handler = new RequestHandler(settings, clock);
		// its own thread, so that it does not use the event loops of the gateway
		this.loop = LoopResources.create("simulated-" + this.name, 1, true);
		try {
			this.server = HttpServer.create()
				.host(HOST)
				.port(settings.port())
				.runOn(this.loop)
				.doOnConnection((connection) -> this.connections.add(connection.channel()))
				.handle(this.handler::handle)
				.bindNow();
		}
		catch (RuntimeException ex) {
			this.loop.dispose();
			throw ex;
		}
	}

	/**
	 * Starts a backend and blocks until it accepts requests.
	 * @param settings the settings of the backend
	 * @param clock the clock of its quotas; delays use the system clock
	 * @return the running backend
	 * @throws ChannelBindException if it cannot listen on its port
	 */
	public static SimulatedBackend start(SimulatorProperties.Backend settings, Clock clock) {
		return new SimulatedBackend(settings, clock);
	}

	/**
	 * Returns the name of the backend.
	 * @return the name
	 */
	public String name() {
		return this.name;
	}

	/**
	 * Returns the URL of the backend.
	 * @return the URL without a path
	 */
	public URI url() {
		return URI.create("http://%s:%d".formatted(HOST, this.server.port()));
	}

	/**
	 * Returns how many requests the backend has received.
	 * @return the number of all requests, failed ones included
	 */
	public long requests() {
		return this.handler.requests();
	}

	/**
	 * Returns how many requests the backend has refused with 429.
	 * @return the number of throttled requests
	 */
	public long throttled() {
		return this.handler.throttled();
	}

	/**
	 * Closes all connections, stops the backend, and blocks until it has stopped. Without
	 * effect the second time.
	 */
	@Override
	public void close() {
		this.server.disposeNow(STOP_TIMEOUT);
		this.connections.close().awaitUninterruptibly(STOP_TIMEOUT.toMillis());
		this.loop.disposeLater(Duration.ZERO, STOP_TIMEOUT).block();
	}

}
