package dev.weir.server;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.scheduler.Scheduler;

import org.springframework.boot.web.server.context.WebServerApplicationContext;
import org.springframework.context.SmartLifecycle;

/**
 * Delays the stop of the web server. Spring Boot reports "not ready" and closes the
 * listening socket at the same time, but the platform sends requests until its next
 * readiness probe.
 */
final class DrainDelay implements SmartLifecycle {

	/** Stopped before the web server. */
	static final int PHASE = WebServerApplicationContext.GRACEFUL_SHUTDOWN_PHASE + 1;

	private static final Logger logger = LoggerFactory.getLogger(DrainDelay.class);

	private final Supplier<Duration> delay;

	private final Scheduler timers;

	private volatile boolean draining;

	/**
	 * Creates a delay.
	 * @param delay the duration, read when the stop begins; zero for none
	 * @param timers the scheduler of the delay
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
		logger.info("Readiness is off; new requests are served for another {} ms", wait.toMillis());
		this.timers.schedule(callback, wait.toMillis(), TimeUnit.MILLISECONDS);
	}

	/**
	 * Whether the stop has begun.
	 * @return whether {@link #stop} was called since the last start
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
