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
 */
@ConfigurationPropertiesSource
public record AffinityProperties(@DefaultValue("32MB") @Range(min = "64KB", max = "64GB") DataSize maxMemory,
		@DefaultValue("30d") @Range(min = "1m", max = "365d") Duration expireAfter) {
}
