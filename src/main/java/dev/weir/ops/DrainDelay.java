package dev.weir.ops;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.scheduler.Scheduler;

import org.springframework.boot.web.server.context.WebServerApplicationContext;
import org.springframework.context.SmartLifecycle;

/**
 * Time between saying "not ready" and closing the door. Spring Boot turns readiness off
 * at the beginning of a stop and closes the listener in the same moment, but the platform
 * goes on sending requests until it has heard of it.
 */
final class DrainDelay implements SmartLifecycle {

	/** Before the web server stops to accept. */
	static final int PHASE = WebServerApplicationContext.GRACEFUL_SHUTDOWN_PHASE + 1;

	private static final Logger log = LoggerFactory.getLogger(DrainDelay.class);

	private final Supplier<Duration> delay;

	private final Scheduler timers;

	private volatile boolean draining;

	/**
	 * Waits as long as it is told when the stop comes.
	 * @param delay how long, zero for not at all
	 * @param timers what waits
	 */
	DrainDelay(Supplier<Duration> delay, Scheduler timers) {
		this.delay = delay;
		this.timers = timers;
	}

	@Override
	public void start() {
		this.draining = false;
	}

	@Override
	public void stop() {
		this.draining = true;
	}

	@Override
	public void stop(Runnable callback) {
		stop();
		Duration wait = this.delay.get();
		if (wait.isZero()) {
			callback.run();
			return;
		}
		log.info("Not ready any more; new requests are still served for {} ms", wait.toMillis());
		this.timers.schedule(callback, wait.toMillis(), TimeUnit.MILLISECONDS);
	}

	/**
	 * Whether the stop has begun.
	 */
	boolean isDraining() {
		return this.draining;
	}

	@Override
	public boolean isRunning() {
		return !this.draining;
	}

	@Override
	public int getPhase() {
		return PHASE;
	}

}
