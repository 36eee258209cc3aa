package dev.weir.config;

import java.util.List;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.context.properties.ConfigurationPropertiesSource;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * An application that may call Weir. See docs/clients.md.
 *
 * @param name Name of the client in logs and errors: 1 to 63 letters, digits, hyphens,
 * underscores and dots, unique.
 * @param key Keys of the client, each 16 to 512 visible ASCII characters without a comma.
 * The client sends one of them as Authorization: Bearer KEY or as api-key: KEY. Write
 * references such as ${CHAT_KEY}, not the keys themselves. With several keys, one can be
 * replaced without a failed request.
 * @param keySha256 SHA-256 hashes of further keys, each 64 hexadecimal digits, so that
 * the file need not be secret.
 * @param models Models that the client may use. A * stands for any characters. By default
 * all.
 * @param pools Pools that the client may use. A * stands for any characters. By default
 * all.
 * @param expires Last day on which the keys are accepted, such as 2027-01-31 (UTC), or
 * the instant from which they are refused, such as 2027-01-31T12:00:00Z. By default they
 * never expire.
 */
@ConfigurationPropertiesSource
public record ClientProperties(String name, @DefaultValue List<Secret> key, @DefaultValue List<String> keySha256,
		@DefaultValue List<String> models, @DefaultValue List<String> pools, @Nullable ExpiryTime expires) {

	public ClientProperties {
		key = present(key);
		keySha256 = List.copyOf(keySha256);
		models = List.copyOf(models);
		pools = List.copyOf(pools);
	}

	/**
	 * The keys that are set: {@code ${NEXT_KEY:}} is empty if the variable is not.
	 * @param keys the keys as bound
	 * @return those that are not empty
	 */
	static List<Secret> present(List<Secret> keys) {
		return keys.stream().filter((key) -> !key.isEmpty()).toList();
	}

}
