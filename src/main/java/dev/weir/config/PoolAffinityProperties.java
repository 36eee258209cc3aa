package dev.weir.config;

import org.springframework.boot.context.properties.ConfigurationPropertiesSource;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * How a pool treats objects that only one backend has.
 *
 * @param reasoning What happens to a request with encrypted reasoning if the backend that
 * made it cannot take the request within max-wait. With drop, the reasoning is left out
 * and another backend takes the request. With strict, the client gets an error that names
 * the backend. See docs/affinity.md#reasoning.
 */
@ConfigurationPropertiesSource
public record PoolAffinityProperties(@DefaultValue("drop") ReasoningAffinity reasoning) {
}
