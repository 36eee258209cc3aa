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
 * @param apps Application ids (GUIDs) of callers with a token of Microsoft Entra ID: such
 * a token counts as a key of this client. See docs/clients.md#microsoft-entra-id.
 * @param users Object ids (GUIDs) of users, service principals or managed identities
 * whose token counts as a key of this client. They take precedence over apps.
 * @param roles App roles of which a token must have one to count as a key of this client.
 * apps and users take precedence.
 * @param certificates Client certificates that count as a key of this client, each by its
 * subject alternative name (DNS name, URI or email address), by its whole subject such as
 * CN=chat,O=Example, or by its SHA-256 fingerprint. The listener verifies them. See
 * docs/clients.md#client-certificates.
 * @param models Models that the client may use. A * stands for any characters. By default
 * all.
 * @param pools Pools that the client may use. A * stands for any characters. By default
 * all.
 * @param expires Last day on which the keys and tokens are accepted, such as 2027-01-31
 * (UTC), or the instant from which they are refused, such as 2027-01-31T12:00:00Z. By
 * default they never expire.
 * @param requestsPerMinute Requests that the client may send in each minute of the clock
 * (UTC). By default as many as it likes. See docs/clients.md#limits.
 * @param tokensPerMinute Tokens, of prompts and responses together, that the client may
 * use in each minute of the clock (UTC). By default as many as it likes.
 * @param tokensPerDay Tokens that the client may use on each day (UTC). By default as
 * many as it likes.
 * @param maxConcurrent Largest number of requests of the client that run at once, streams
 * included. Further requests get 429 at once. By default as many as it likes.
 * @param limits Further limits, each for one model or several. They hold in addition to
 * those of the client.
 * @param priority How the client is served where requests wait for a backend: high before
 * normal, normal before low. See docs/queue.md#clients.
 */
@ConfigurationPropertiesSource
public record ClientProperties(String name, @DefaultValue List<Secret> key, @DefaultValue List<String> keySha256,
		@DefaultValue List<String> apps, @DefaultValue List<String> users, @DefaultValue List<String> roles,
		@DefaultValue List<String> certificates, @DefaultValue List<String> models, @DefaultValue List<String> pools,
		@Nullable ExpiryTime expires, @Range(min = "1", max = "1000000000") @Nullable Long requestsPerMinute,
		@Range(min = "1", max = "1000000000") @Nullable Long tokensPerMinute,
		@Range(min = "1", max = "1000000000000") @Nullable Long tokensPerDay,
		@Range(min = "1", max = "1000000") @Nullable Integer maxConcurrent,
		@DefaultValue List<ModelLimitProperties> limits, @DefaultValue("normal") ClientPriority priority) {

	public ClientProperties {
		key = present(key);
		keySha256 = List.copyOf(keySha256);
		apps = List.copyOf(apps);
		users = List.copyOf(users);
		roles = List.copyOf(roles);
		certificates = List.copyOf(certificates);
		models = List.copyOf(models);
		pools = List.copyOf(pools);
		limits = List.copyOf(limits);
	}

	/**
	 * Whether the client has any limit.
	 * @return whether requests must be counted
	 */
	public boolean isLimited() {
		return this.requestsPerMinute != null || this.tokensPerMinute != null || this.tokensPerDay != null
				|| this.maxConcurrent != null || !this.limits.isEmpty();
	}

	/**
	 * Whether callers with a token of Microsoft Entra ID count as this client.
	 * @return whether it names any
	 */
	public boolean namesEntraCallers() {
		return !this.apps.isEmpty() || !this.users.isEmpty() || !this.roles.isEmpty();
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
