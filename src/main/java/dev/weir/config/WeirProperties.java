package dev.weir.config;

import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * Everything that stands under {@code weir} in the configuration.
 *
 * @param pools the pools by name; a route sends its requests to one with uri: lb://NAME.
 * A name has 1 to 63 lower-case letters, digits and hyphens, begins with a letter and
 * does not end with a hyphen
 * @param maxBody the largest request body that is kept to be sent again to another
 * backend, 1 KB to 1 GB, 32 MB by default
 * @param maxBuffered how many bytes may be held for all requests together: request bodies
 * that are kept for another attempt, and beginnings of streams that are held back, 1 MB
 * to 64 GB; a quarter of the Java heap if {@code null}, see {@link #bufferLimit()}
 * @param headerTimeout how long a client may take for the head of a request, from its
 * first byte, 1 s to 1 h, 30 seconds by default
 * @param bodyTimeout how long a client may send nothing of a request's body, 1 s to 1 h,
 * 30 seconds by default. A body that takes longer must come with 1 KB a second from then
 * on
 * @param clientIdleTimeout how long a client may read nothing while a reply waits for it,
 * 1 s to 1 h, 1 minute by default
 * @param drainDelay how long new requests are still served after the stop has begun and
 * readiness is off, 0 ms to 5 m, none by default
 */
@ConfigurationProperties("weir")
public record WeirProperties(@DefaultValue Map<String, PoolProperties> pools,
		@DefaultValue("32MB") @Range(min = "1KB", max = "1GB") DataSize maxBody,
		@Range(min = "1MB", max = "64GB") @Nullable DataSize maxBuffered,
		@DefaultValue("30s") @Range(min = "1s", max = "1h") Duration headerTimeout,
		@DefaultValue("30s") @Range(min = "1s", max = "1h") Duration bodyTimeout,
		@DefaultValue("1m") @Range(min = "1s", max = "1h") Duration clientIdleTimeout,
		@DefaultValue("0s") @Range(min = "0ms", max = "5m") Duration drainDelay) {

	/** The part of the heap that request bodies may take by default. */
	private static final int HEAP_SHARE = 4;

	public WeirProperties {
		pools = Collections.unmodifiableMap(new LinkedHashMap<>(pools));
	}

	/**
	 * How much may be held for all requests together.
	 * @return {@link #maxBuffered()}, or a quarter of the largest heap that Java may use
	 */
	public DataSize bufferLimit() {
		return (this.maxBuffered != null) ? this.maxBuffered
				: DataSize.ofBytes(Runtime.getRuntime().maxMemory() / HEAP_SHARE);
	}

}
