package dev.weir.client;

import java.net.http.HttpClient;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

import com.github.benmanes.caffeine.cache.Ticker;
import org.jspecify.annotations.Nullable;
import reactor.core.scheduler.Scheduler;

import org.springframework.context.SmartLifecycle;

import dev.weir.config.EntraProperties;

/**
 * The signing keys of the tenant in the configuration. They are read once before the
 * server accepts requests, and before a reload of another tenant applies.
 */
final class EntraKeySets implements SmartLifecycle {

	/** How long a start or a reload waits for the keys. Without them it continues. */
	private static final Duration MAX_WAIT = Duration.ofSeconds(5);

	private final Scheduler timers;

	private final Ticker ticker;

	private @Nullable KeySet current;

	private @Nullable KeySet prepared;

	private @Nullable HttpClient client;

	private volatile boolean running;

	/**
	 * Creates the keys without reading them.
	 * @param settings the settings of tokens, {@code null} if none is accepted
	 * @param timers the scheduler for timeouts and refreshes
	 * @param ticker a monotonic clock in nanoseconds
	 */
	EntraKeySets(@Nullable EntraProperties settings, Scheduler timers, Ticker ticker) {
		this.timers = timers;
		this.ticker = ticker;
		this.current = (settings != null) ? create(settings) : null;
	}

	private synchronized KeySet create(EntraProperties settings) {
		HttpClient known = this.client;
		if (known == null) {
			known = HttpClient.newBuilder()
				.connectTimeout(EntraKeys.TIMEOUT)
				.followRedirects(HttpClient.Redirect.NEVER)
				.build();
			this.client = known;
		}
		EntraKeySource source = EntraKeySource.of(settings, known);
		return new KeySet(source, new EntraKeys(source, this.timers, this.ticker));
	}

	/**
	 * The keys in use.
	 * @return the keys, or {@code null} if no token is accepted
	 */
	synchronized @Nullable EntraKeys current() {
		return (this.current != null) ? this.current.keys() : null;
	}

	/**
	 * Reads the keys of new settings, so that they are known when the settings apply.
	 * Waits for some seconds; not to be called on an event loop.
	 * @param next the new settings
	 */
	void prepare(@Nullable EntraProperties next) {
		discardPrepared();
		if (next == null || isCurrent(next)) {
			return;
		}
		KeySet created = create(next);
		await(created.keys());
		synchronized (this) {
			this.prepared = created;
		}
	}

	/**
	 * Changes to the keys of new settings.
	 * @param settings the new settings, for which {@link #prepare} was called
	 * @return the keys, or {@code null} if no token is accepted
	 */
	synchronized @Nullable EntraKeys apply(@Nullable EntraProperties settings) {
		if (settings == null || !isCurrent(settings)) {
			if (this.current != null) {
				this.current.keys().close();
			}
			this.current = (settings == null) ? null : (this.prepared != null) ? this.prepared : create(settings);
			this.prepared = null;
		}
		return current();
	}

	private synchronized void discardPrepared() {
		if (this.prepared != null) {
			this.prepared.keys().close();
			this.prepared = null;
		}
	}

	private synchronized boolean isCurrent(EntraProperties settings) {
		return this.current != null && this.current.source().address().equals(settings.keysUrl());
	}

	private static void await(EntraKeys keys) {
		try {
			keys.read().get(MAX_WAIT.toMillis(), TimeUnit.MILLISECONDS);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
		catch (ExecutionException | TimeoutException ex) {
			// they are read again soon
		}
	}

	/** Before the server, which has a phase shortly before the last one. */
	@Override
	public int getPhase() {
		return 0;
	}

	@Override
	public void start() {
		EntraKeys keys = current();
		if (keys != null) {
			await(keys);
		}
		this.running = true;
	}

	@Override
	public synchronized void stop() {
		discardPrepared();
		if (this.current != null) {
			this.current.keys().close();
		}
		this.running = false;
	}

	@Override
	public boolean isRunning() {
		return this.running;
	}

	private record KeySet(EntraKeySource source, EntraKeys keys) {
	}

}
