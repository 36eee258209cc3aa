package dev.weir.config;

import java.time.Duration;
import java.util.List;
import java.util.Set;

import org.springframework.boot.context.properties.ConfigurationPropertiesSource;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * A set of backends that replace each other.
 *
 * @param backends Backends of the pool, at least one. Environment variables such as
 * BACKEND_1_URL can define those of the pool openai instead: see
 * docs/configuration.md#backends-in-the-environment.
 * @param strategy How a backend is chosen among the free backends of the best tier. See
 * docs/failover.md#choosing.
 * @param maxWait Longest time for which a request waits in the queue for a free backend.
 * If the wait is known to be longer, the client gets 429 at once.
 * @param maxWaiting Largest number of requests in the queue. Further requests get the
 * reply at once that they would get after max-wait. With several clients, a request of
 * the one with the most places may get it instead. See docs/queue.md#clients.
 * @param deadline Total time for all attempts of one request until its reply begins.
 * @param connectTimeout Longest time for opening a connection to a backend.
 * @param handshakeTimeout Longest time for the response to the handshake of a WebSocket.
 * After it another lane takes the request. On the last lane that is left,
 * response-timeout applies instead.
 * @param responseTimeout Longest time from the request to the beginning of a response
 * that is not a stream. For a stream: to its first content, once the backend has sent an
 * event.
 * @param firstEventTimeout Longest time from the request to the first event of a stream.
 * After it another lane takes the request. On the last lane that is left,
 * response-timeout applies instead.
 * @param streamIdleTimeout Longest pause in a response that has begun. After it a stream
 * ends with an error event; any other reply is cut off.
 * @param holdSignsOfLife How long the first events of a stream are held back if they
 * carry no content, so that another backend can still take the request if an error
 * follows. See docs/failover.md#streams.
 * @param keepAlive Pause in a stream after which a comment is written to the client, so
 * that proxies keep the connection open; 0 writes no comments. See
 * docs/failover.md#keep-alive.
 * @param keepAliveDelay With keep-alive: how long a request for a stream waits for its
 * reply before a first comment begins it. From then on its status is 200. The first
 * comment never comes earlier than keep-alive.
 * @param maxAttempts Largest number of attempts of one request that end in a failure, a
 * refused credential, a model or an operation that is not served, or a quota smaller than
 * the request. Throttled attempts do not count.
 * @param cooldown How long lanes and backends are not called after a refusal.
 * @param retryBudget How many failed attempts may be retried.
 * @param resume Whether a stream that breaks off is continued on another backend, if that
 * backend begins with the same content. This costs a second call.
 * @param affinity Objects that only one backend has.
 * @param forwardHeaders Names of further request headers that backends receive, at most
 * 4. Credentials and headers of the connection are not allowed. Azure refuses requests
 * with more than ten custom headers.
 */
@ConfigurationPropertiesSource
public record PoolProperties(@DefaultValue List<BackendProperties> backends,
		@DefaultValue("weighted") BalancingStrategy strategy,
		@DefaultValue("1s") @Range(min = "0ms", max = "1m") Duration maxWait,
		@DefaultValue("1000") @Range(min = "0", max = "100000") int maxWaiting,
		@DefaultValue("10m") @Range(min = "1ms", max = "1h") Duration deadline,
		@DefaultValue("2s") @Range(min = "1ms", max = "1m") Duration connectTimeout,
		@DefaultValue("5s") @Range(min = "1ms", max = "1h") Duration handshakeTimeout,
		@DefaultValue("10m") @Range(min = "1ms", max = "1h") Duration responseTimeout,
		@DefaultValue("2m") @Range(min = "1ms", max = "1h") Duration firstEventTimeout,
		@DefaultValue("2m") @Range(min = "1ms", max = "1h") Duration streamIdleTimeout,
		@DefaultValue("1s") @Range(min = "0ms", max = "1m") Duration holdSignsOfLife,
		@DefaultValue("0s") @Range(min = "0ms", max = "1h") Duration keepAlive,
		@DefaultValue("30s") @Range(min = "1ms", max = "1h") Duration keepAliveDelay,
		@DefaultValue("5") @Range(min = "1", max = "100") int maxAttempts, @DefaultValue CooldownProperties cooldown,
		@DefaultValue RetryBudgetProperties retryBudget, @DefaultValue("false") boolean resume,
		@DefaultValue PoolAffinityProperties affinity, @DefaultValue Set<String> forwardHeaders) {

	public PoolProperties {
		backends = List.copyOf(backends);
		forwardHeaders = Set.copyOf(forwardHeaders);
	}

}
