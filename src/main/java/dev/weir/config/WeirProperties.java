package dev.weir.config;

import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * Everything below {@code weir} in the configuration. The descriptions of the parameters
 * are also those of the properties in docs/configuration.md and in the JSON schema.
 *
 * @param pools Pools by name. A route sends its requests to a pool with uri: lb://NAME. A
 * name has 1 to 63 lower-case letters, digits and hyphens, starts with a letter and does
 * not end with a hyphen.
 * @param maxBody Largest request body that is kept for another attempt. A larger body is
 * refused with 413 if Weir must know what it names; otherwise it is streamed to one
 * backend without a retry.
 * @param maxBuffered Memory for all requests together: request bodies that are kept for
 * another attempt, and beginnings of streams that are held back. By default a quarter of
 * the Java heap. See docs/requests.md#slow-clients.
 * @param maxInFlight Largest number of requests in flight, of all clients together,
 * streams included. Further requests get 503 at once; health and the Actuator still
 * reply. See docs/requests.md#overload.
 * @param headerTimeout Longest time for the head of a request, from its first byte. After
 * it the client gets 408.
 * @param bodyTimeout Longest pause in the body of a request. A body that takes longer
 * than this in total must arrive with at least 1 KB per second from then on. Otherwise
 * the client gets 408.
 * @param clientIdleTimeout Longest time for which a client may read nothing while a reply
 * waits for it. After it Weir closes the connection.
 * @param websocketIdleTimeout Longest time for which a WebSocket for responses stays open
 * without a message of the client and without a running response. After it Weir closes
 * it. See docs/websocket.md#responses.
 * @param drainDelay After the stop has begun: how long new requests are still served
 * while readiness is already off, so that the platform can send them elsewhere. See
 * docs/operations.md#stopping.
 * @param affinity Which backend owns stored objects, such as files and responses.
 * @param startupCheck Whether a connection to each backend is opened once after the
 * start, in the background, without a request. What is wrong with its name, connection or
 * certificate is logged as a warning. See docs/check.md#at-the-start.
 * @param clients Applications that may call Weir. Without any, Weir serves this machine
 * only, unless open is true. See docs/clients.md.
 * @param entra Tokens of Microsoft Entra ID as keys of clients. By default none is
 * accepted. See docs/clients.md#microsoft-entra-id.
 * @param operators Who may read the Actuator where it is not open: see
 * docs/clients.md#operators.
 * @param open Whether Weir may serve other machines without clients. Without it, and
 * without clients, Weir serves this machine only. See docs/clients.md#open-or-closed.
 * @param state Where the state is kept: in the memory of this Weir, or also in Redis, so
 * that several Weirs share limits, cooldowns and the owners of stored objects. Spring
 * Boot's spring.data.redis properties name the server. A change takes effect at the next
 * start. See docs/shared-state.md.
 * @param redis How Weir uses Redis with state: redis.
 */
@ConfigurationProperties("weir")
public record WeirProperties(@DefaultValue Map<String, PoolProperties> pools,
		@DefaultValue("32MB") @Range(min = "1KB", max = "1GB") DataSize maxBody,
		@Range(min = "1MB", max = "64GB") @Nullable DataSize maxBuffered,
		@DefaultValue("10000") @Range(min = "1", max = "1000000") int maxInFlight,
		@DefaultValue("30s") @Range(min = "1s", max = "1h") Duration headerTimeout,
		@DefaultValue("30s") @Range(min = "1s", max = "1h") Duration bodyTimeout,
		@DefaultValue("1m") @Range(min = "1s", max = "1h") Duration clientIdleTimeout,
		@DefaultValue("1h") @Range(min = "1s", max = "24h") Duration websocketIdleTimeout,
		@DefaultValue("0s") @Range(min = "0ms", max = "5m") Duration drainDelay,
		@DefaultValue AffinityProperties affinity, @DefaultValue("true") boolean startupCheck,
		@DefaultValue List<ClientProperties> clients, @Nullable EntraProperties entra,
		@DefaultValue List<OperatorProperties> operators, @DefaultValue("false") boolean open,
		@DefaultValue("memory") StateStore state, @DefaultValue RedisStateProperties redis) {

	/** Divisor of the largest heap that gives the default of {@code max-buffered}. */
	private static final int HEAP_SHARE = 4;

	public WeirProperties {
		pools = Collections.unmodifiableMap(new LinkedHashMap<>(pools));
		clients = List.copyOf(clients);
		operators = List.copyOf(operators);
	}

	/**
	 * Whether a request must come from a client.
	 * @return whether there are clients or tokens of Microsoft Entra ID are accepted
	 */
	public boolean hasClients() {
		return !this.clients.isEmpty() || this.entra != null;
	}

	/**
	 * Returns the memory for all requests together.
	 * @return {@link #maxBuffered()}, or a quarter of the largest heap that Java may use
	 */
	public DataSize bufferLimit() {
		return (this.maxBuffered != null) ? this.maxBuffered
				: DataSize.ofBytes(Runtime.getRuntime().maxMemory() / HEAP_SHARE);
	}

}
