package dev.weir.simulator;

import java.time.Clock;
import java.util.ArrayList;
import java.util.List;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.netty.ChannelBindException;

import org.springframework.context.SmartLifecycle;

/**
 * Starts and stops all simulated backends of an application: before the gateway accepts
 * its first request, and after its last.
 */
final class Simulator implements SmartLifecycle {

	private static final Logger log = LoggerFactory.getLogger(Simulator.class);

	private final List<SimulatedBackend> running = new ArrayList<>();

	private final SimulatorProperties properties;

	private final Clock clock;

	Simulator(SimulatorProperties properties, Clock clock) {
		this.properties = properties;
		this.clock = clock;
	}

	@Override
	public synchronized void start() {
		try {
			for (int i = 0; i < this.properties.backends().size(); i++) {
				start(i, this.properties.backends().get(i));
			}
		}
		catch (RuntimeException ex) {
			stop();
			throw ex;
		}
	}

	private void start(int index, SimulatorProperties.Backend settings) {
		try {
			SimulatedBackend backend = SimulatedBackend.start(settings, this.clock);
			this.running.add(backend);
			log.info("Simulated backend {} at {} has {} tokens per minute", backend.name(), backend.url(),
					settings.tokensPerMinute());
		}
		catch (ChannelBindException ex) {
			throw new SimulatorPortException("weir.simulator.backends[%d].port".formatted(index), settings.port(), ex);
		}
	}

	@Override
	public synchronized void stop() {
		this.running.forEach(SimulatedBackend::close);
		this.running.clear();
	}

	@Override
	public synchronized boolean isRunning() {
		return !this.running.isEmpty();
	}

	/**
	 * Returns the running backends.
	 * @return the backends, in the order of the configuration
	 */
	synchronized List<SimulatedBackend> backends() {
		return List.copyOf(this.running);
	}

	@Override
	public int getPhase() {
		return Integer.MIN_VALUE;
	}

}
