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
 * A running HTTP server on 127.0.0.1 that behaves like one Azure OpenAI resource and
 * calls no model. It understands the URLs of Azure (with and without deployment, and
 * {@code /openai/v1}) and of OpenAI, accepts any credential but not none, and gives every
 * deployment a quota of tokens per minute. All its responses carry
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
		// a thread of its own: it must not take time from the gateway's
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
	 * Starts a backend. The calling thread waits until it accepts requests.
	 * @param settings what the backend is to be like
	 * @param clock the time its quotas go by; delays go by the system's
	 * @return the running backend
	 * @throws ChannelBindException if it cannot listen on its port
	 */
	public static SimulatedBackend start(SimulatorProperties.Backend settings, Clock clock) {
		return new SimulatedBackend(settings, clock);
	}

	/**
	 * Returns the backend's name.
	 * @return the name
	 */
	public String name() {
		return this.name;
	}

	/**
	 * Returns where the backend listens.
	 * @return the URL without a path
	 */
	public URI url() {
		return URI.create("http://%s:%d".formatted(HOST, this.server.port()));
	}

	/**
	 * Returns how many requests the backend has had.
	 * @return the number of requests, whatever they came to
	 */
	public long requests() {
		return this.handler.requests();
	}

	/**
	 * Returns how many requests the backend has answered with 429.
	 * @return the number of throttled requests
	 */
	public long throttled() {
		return this.handler.throttled();
	}

	/**
	 * Stops the backend and cuts its open connections; the calling thread waits for it.
	 * Stopping it again does nothing.
	 */
	@Override
	public void close() {
		this.server.disposeNow(STOP_TIMEOUT);
		this.connections.close().awaitUninterruptibly(STOP_TIMEOUT.toMillis());
		this.loop.disposeLater(Duration.ZERO, STOP_TIMEOUT).block();
	}

}
