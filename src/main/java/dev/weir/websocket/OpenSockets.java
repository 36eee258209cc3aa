package dev.weir.websocket;

import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.Disposable;
import reactor.core.scheduler.Scheduler;

import org.springframework.boot.web.server.context.WebServerApplicationContext;
import org.springframework.context.SmartLifecycle;

/**
 * The open WebSockets. When Weir stops, it closes each one as soon as no response is
 * running on it, and all that are left shortly before the time for the stop is over.
 */
final class OpenSockets implements SmartLifecycle {

	/** The time for the last close frames. */
	private static final Duration MARGIN = Duration.ofSeconds(2);

	private static final Logger logger = LoggerFactory.getLogger(OpenSockets.class);

	private final Set<OpenSocket> open = ConcurrentHashMap.newKeySet();

	private final Duration time;

	private final Scheduler timers;

	private final AtomicReference<@Nullable Runnable> whenEmpty = new AtomicReference<>();

	private volatile boolean draining;

	/**
	 * Creates an empty set.
	 * @param time how long the stop may take
	 * @param timers the scheduler of the timeout
	 */
	OpenSockets(Duration time, Scheduler timers) {
		this.time = time;
		this.timers = timers;
	}

	void add(OpenSocket socket) {
		this.open.add(socket);
		if (socket.isClosed()) {
			remove(socket);
		}
		else if (this.draining) {
			socket.run(socket::drain);
		}
	}

	void remove(OpenSocket socket) {
		this.open.remove(socket);
		checkEmpty();
	}

	/**
	 * How many are open.
	 * @return the number
	 */
	int count() {
		return this.open.size();
	}

	@Override
	public void start() {
		this.draining = false;
	}

	@Override
	public void stop() {
		this.draining = true;
		this.open.forEach((socket) -> socket.run(socket::drain));
	}

	@Override
	public void stop(Runnable callback) {
		int count = count();
		if (count > 0) {
			logger.info("Closing {} WebSockets; running responses end first", count);
		}
		Duration limit = this.time.minus(MARGIN);
		long millis = Math.max(limit.toMillis(), this.time.toMillis() / 2);
		Disposable timer = this.timers.schedule(() -> this.open.forEach((socket) -> socket.run(socket::closeNow)),
				millis, TimeUnit.MILLISECONDS);
		this.whenEmpty.set(() -> {
			timer.dispose();
			callback.run();
		});
		stop();
		checkEmpty();
	}

	private void checkEmpty() {
		if (this.draining && this.open.isEmpty()) {
			Runnable callback = this.whenEmpty.getAndSet(null);
			if (callback != null) {
				callback.run();
			}
		}
	}

	@Override
	public boolean isRunning() {
		return !this.draining;
	}

	/** After the drain delay, together with the web server. */
	@Override
	public int getPhase() {
		return WebServerApplicationContext.GRACEFUL_SHUTDOWN_PHASE;
	}

}
