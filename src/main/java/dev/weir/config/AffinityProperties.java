package dev.weir.config;

import java.time.Duration;

import org.springframework.boot.context.properties.ConfigurationPropertiesSource;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * Which backend owns stored objects, such as files and responses. See docs/affinity.md.
 *
 * @param maxMemory Memory for the owners of stored objects, of which each needs about 160
 * bytes. The least used ones are forgotten first; they are found again when a client asks
 * for them.
 * @param expireAfter Time after which an owner is forgotten if no request has named its
 * object.
 * @param maxLookups Largest number of unknown ids per second that backends are asked for.
 * Further requests with unknown ids get 429. One client of several gets half of them. See
 * docs/affinity.md#unknown-ids.
 * @param lookupTimeout Longest time for the response of a backend that is asked for an
 * unknown id.
 * @param unknownOwner Whether a client may use an object of which the client that made it
 * is not known, for instance after a restart. Without clients it has no effect. See
 * docs/affinity.md#objects-of-clients.
 */
@ConfigurationPropertiesSource
public record AffinityProperties(@DefaultValue("32MB") @Range(min = "64KB", max = "64GB") DataSize maxMemory,
		@DefaultValue("30d") @Range(min = "1m", max = "365d") Duration expireAfter,
		@DefaultValue("50") @Range(min = "1", max = "10000") int maxLookups,
		@DefaultValue("5s") @Range(min = "100ms", max = "1m") Duration lookupTimeout,
		@DefaultValue("allow") UnknownOwner unknownOwner) {
}
