package dev.weir.config;

import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

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
 * @param drainDelay how long new requests are still served after the stop has begun and
 * readiness is off, 0 ms to 5 m, none by default
 */
@ConfigurationProperties("weir")
public record WeirProperties(@DefaultValue Map<String, PoolProperties> pools,
		@DefaultValue("32MB") @Range(min = "1KB", max = "1GB") DataSize maxBody,
		@DefaultValue("0s") @Range(min = "0ms", max = "5m") Duration drainDelay) {

	public WeirProperties {
		pools = Collections.unmodifiableMap(new LinkedHashMap<>(pools));
	}

}
