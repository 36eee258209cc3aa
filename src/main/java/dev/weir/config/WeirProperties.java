package dev.weir.config;

import java.util.Map;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * Everything that stands under {@code weir} in the configuration.
 *
 * @param pools the pools by name; a route sends its requests to one with
 * {@code uri: lb://NAME}. A name is made of lower-case letters, digits and hyphens
 * @param maxBody the largest request body that is kept to be sent again to another
 * backend, 1 KB to 1 GB, 32 MB by default
 */
@ConfigurationProperties("weir")
public record WeirProperties(@DefaultValue Map<String, PoolProperties> pools, @DefaultValue("32MB") DataSize maxBody) {

	public WeirProperties {
		pools = Map.copyOf(pools);
	}

}
