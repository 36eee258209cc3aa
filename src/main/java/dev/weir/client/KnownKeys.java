package dev.weir.client;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;

import dev.weir.config.ClientProperties;
import dev.weir.config.ExpiryTime;
import dev.weir.config.OperatorProperties;
import dev.weir.config.Secret;
import dev.weir.config.WeirProperties;
import dev.weir.request.Client;

/**
 * The keys of one configuration. It never changes.
 */
final class KnownKeys {

	private final Map<KeyHash, Client> clients = new HashMap<>();

	private final Map<String, Client> clientsByName = new HashMap<>();

	private final Map<KeyHash, Operator> operators = new HashMap<>();

	/**
	 * Collects the keys.
	 * @param properties valid settings
	 */
	KnownKeys(WeirProperties properties) {
		for (ClientProperties settings : properties.clients()) {
			Client client = new Client(settings);
			this.clientsByName.put(client.name(), client);
			hashes(settings.key(), settings.keySha256()).forEach((hash) -> this.clients.put(hash, client));
		}
		for (OperatorProperties settings : properties.operators()) {
			Operator operator = new Operator(settings.name(), settings.expires());
			hashes(settings.key(), settings.keySha256()).forEach((hash) -> this.operators.put(hash, operator));
		}
	}

	private static List<KeyHash> hashes(List<Secret> keys, List<String> hashes) {
		return Stream.concat(keys.stream().map((key) -> KeyHash.of(key.reveal())), hashes.stream().map(KeyHash::parse))
			.toList();
	}

	@Nullable Client client(KeyHash key) {
		return this.clients.get(key);
	}

	/**
	 * A client of {@code weir.clients}.
	 * @param name its name
	 * @return the client, or {@code null} if there is none
	 */
	@Nullable Client client(String name) {
		return this.clientsByName.get(name);
	}

	@Nullable Operator operator(KeyHash key) {
		return this.operators.get(key);
	}

	/**
	 * An operator.
	 *
	 * @param name the unique name
	 * @param expires the time from which the keys are refused, {@code null} for never
	 */
	record Operator(String name, @Nullable ExpiryTime expires) {
	}

}
