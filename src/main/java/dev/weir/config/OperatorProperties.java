package dev.weir.config;

import java.util.List;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.context.properties.ConfigurationPropertiesSource;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * A person or tool that may read the Actuator. See docs/clients.md#operators.
 *
 * @param name Name of the operator in logs: 1 to 63 letters, digits, hyphens, underscores
 * and dots, unique.
 * @param key Keys of the operator, as those of clients. A browser sends one as the
 * password of HTTP Basic.
 * @param keySha256 SHA-256 hashes of further keys, as those of clients.
 * @param expires Last day on which the keys are accepted, as that of clients.
 */
@ConfigurationPropertiesSource
public record OperatorProperties(String name, @DefaultValue List<Secret> key, @DefaultValue List<String> keySha256,
		@Nullable ExpiryTime expires) {

	public OperatorProperties {
		key = ClientProperties.present(key);
		keySha256 = List.copyOf(keySha256);
	}

}
