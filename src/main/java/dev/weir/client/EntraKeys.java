package dev.weir.client;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

import com.github.benmanes.caffeine.cache.Ticker;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKSelector;
import com.nimbusds.jose.jwk.JWKSet;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/**
 * The keys with which Microsoft Entra ID signs the tokens of a tenant. They are read in
 * the background, regularly and when a token names an unknown one; the last ones are kept
 * while they cannot be read.
 */
final class EntraKeys {

	/** Entra publishes a key long before it signs with it. */
	static final Duration REFRESH = Duration.ofHours(1);

	/**
	 * The time from the beginning of an attempt to read the keys to the next one after a
	 * failure, and to the next one that a token with an unknown key may cause.
	 */
	static final Duration PAUSE = Duration.ofSeconds(15);

	/** How long an attempt may take. */
	static final Duration TIMEOUT = Duration.ofSeconds(5);

	private static final Logger logger = LoggerFactory.getLogger(EntraKeys.class);

	private final KeySetSource source;

	private final Scheduler timers;

	private final Ticker ticker;

	private final Disposable.Swap next = Disposables.swap();

	private final Disposable.Swap running = Disposables.swap();

	private volatile JWKSet keys = new JWKSet();

	private @Nullable CompletableFuture<Void> reading;

	private long lastBegin;

	private boolean failing;

	/**
	 * Creates an empty set.
	 * @param source reads the keys
	 * @param timers the scheduler for timeouts and refreshes
	 * @param ticker a monotonic clock in nanoseconds
	 */
	EntraKeys(KeySetSource source, Scheduler timers, Ticker ticker) {
		this.source = source;
		this.timers = timers;
		this.ticker = ticker;
	}

	/**
	 * Reads the keys, unless that is going on, and then regularly.
	 * @return completes after an attempt, also after one that failed
	 */
	synchronized CompletableFuture<Void> read() {
		if (this.reading != null) {
			return this.reading;
		}
		CompletableFuture<Void> attempt = new CompletableFuture<>();
		this.reading = attempt;
		this.lastBegin = this.ticker.read();
		this.running.update(Mono.defer(this.source::read)
			.timeout(TIMEOUT, this.timers)
			.publishOn(this.timers)
			.map(this.source::parse)
			.subscribe(this::onKeys, this::onFailure));
		return attempt;
	}

	/**
	 * Reads the keys, since a token names one that is not known. Without effect if they
	 * have just been read.
	 */
	synchronized void refreshForUnknownKey() {
		if (this.reading == null && this.ticker.read() - this.lastBegin >= PAUSE.toNanos()) {
			read();
		}
	}

	private synchronized void onKeys(JWKSet read) {
		if (this.failing || this.keys.isEmpty()) {
			logger.info("Read {} keys of Microsoft Entra ID from {}", read.size(), this.source.url());
		}
		this.failing = false;
		this.keys = read;
		finish(REFRESH);
	}

	private synchronized void onFailure(Throwable error) {
		if (!this.failing) {
			logger.warn("The keys of Microsoft Entra ID cannot be read from {}: {}. {}", this.source.url(),
					(error instanceof TimeoutException) ? "no response within " + TIMEOUT.toSeconds() + " s"
							: String.valueOf(error.getMessage()),
					this.keys.isEmpty() ? "Tokens are refused until they have been read."
							: "Those that were read before remain in use.");
		}
		this.failing = true;
		finish(PAUSE);
	}

	private void finish(Duration pause) {
		CompletableFuture<Void> attempt = this.reading;
		this.reading = null;
		if (!this.next.isDisposed()) {
			this.next.update(this.timers.schedule(this::read, pause.toMillis(), TimeUnit.MILLISECONDS));
		}
		if (attempt != null) {
			attempt.complete(null);
		}
	}

	boolean isEmpty() {
		return this.keys.isEmpty();
	}

	boolean contains(String keyId) {
		return this.keys.getKeyByKeyId(keyId) != null;
	}

	List<JWK> select(JWKSelector selector) {
		return selector.select(this.keys);
	}

	/** Ends the regular refresh. */
	void close() {
		this.next.dispose();
		this.running.dispose();
	}

	/** Where the keys come from. */
	interface KeySetSource {

		/**
		 * Reads the document.
		 * @return its bytes, or an error
		 */
		Mono<byte[]> read();

		/**
		 * Reads the keys of the document.
		 * @param body its bytes
		 * @return at least one key
		 * @throws RuntimeException if there is none
		 */
		JWKSet parse(byte[] body);

		/**
		 * The address, for logs.
		 * @return the URL
		 */
		String url();

	}

}
