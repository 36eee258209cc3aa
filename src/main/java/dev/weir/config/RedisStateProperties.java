package dev.weir.config;

import org.springframework.boot.context.properties.ConfigurationPropertiesSource;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * How Weir uses Redis with {@code state: redis}. The server, its TLS and its password are
 * properties of Spring Boot, {@code spring.data.redis}. See docs/shared-state.md.
 *
 * @param keyPrefix Beginning of the names of all keys and of the channel. Weirs with the
 * same prefix and database share their state: 1 to 63 letters, digits, dots, hyphens and
 * underscores.
 * @param credential How Weir authenticates: with spring.data.redis.password, or with a
 * token of Microsoft Entra ID as Azure Managed Redis accepts it. See
 * docs/shared-state.md#azure-managed-redis.
 */
@ConfigurationPropertiesSource
public record RedisStateProperties(@DefaultValue("weir") String keyPrefix,
		@DefaultValue("password") RedisCredential credential) {
}
