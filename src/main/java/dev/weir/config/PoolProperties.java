package dev.weir.config;

import java.time.Duration;
import java.util.List;
import java.util.Set;

import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * A set of backends that stand in for each other.
 *
 * @param backends the backends, at least one
 * @param strategy how one of the backends that are free is chosen, {@code weighted} by
 * default
 * @param maxWait how long a request may wait for the first backend to be free when none
 * is, 0 to 1 minute, 1 second by default
 * @param maxWaiting how many requests may wait at once, 0 to 100000, 1000 by default
 * @param deadline the time that all attempts of one request may take together until an
 * answer begins, 1 ms to 1 h, 10 minutes by default
 * @param connectTimeout how long opening a connection to a backend may take, 1 ms to 1
 * minute, 2 seconds by default
 * @param responseTimeout how long a backend may take from the request to the beginning of
 * an answer that is no stream, and to the first content of a stream that has shown signs
 * of life, 1 ms to 1 h, 10 minutes by default
 * @param firstEventTimeout how long a backend may take from the request to the first
 * event of a stream while another lane can take the request, 1 ms to 1 h, 2 minutes by
 * default; for the last lane that is left {@code responseTimeout} holds
 * @param streamIdleTimeout how long an answer that has begun may be silent, 1 ms to 1 h,
 * 2 minutes by default
 * @param holdSignsOfLife how long the events of a stream that carry no content yet are
 * held back so that an error behind them still goes to another backend, 0 to 1 minute, 1
 * second by default
 * @param keepAlive how long a stream may be silent before a comment is written to it, 0
 * to 1 hour; 0, the default, for no comments
 * @param keepAliveDelay how long a request for a stream may wait for its reply before
 * that is begun by a comment, 1 ms to 1 hour, 30 seconds by default; without effect where
 * {@code keepAlive} is 0
 * @param maxAttempts how many attempts of one request may come to a failure, a refused
 * credential, a model or operation that is not served, or a quota that is smaller than
 * the request, 1 to 100, 5 by default; a lane that is throttled does not count
 * @param cooldown how long backends rest
 * @param retryBudget how many failures may be retried
 * @param resume whether a stream that breaks off is gone on with on another backend, if
 * that one says the same so far; not by default
 * @param forwardHeaders names of further request headers that backends receive, at most
 * 4; none by default. Credentials and headers of the connection itself are never among
 * them. Azure refuses requests with more than ten headers of their own
 */
public record PoolProperties(@DefaultValue List<BackendProperties> backends,
		@DefaultValue("weighted") BalancingStrategy strategy,
		@DefaultValue("1s") @Range(min = "0ms", max = "1m") Duration maxWait,
		@DefaultValue("1000") @Range(min = "0", max = "100000") int maxWaiting,
		@DefaultValue("10m") @Range(min = "1ms", max = "1h") Duration deadline,
		@DefaultValue("2s") @Range(min = "1ms", max = "1m") Duration connectTimeout,
		@DefaultValue("10m") @Range(min = "1ms", max = "1h") Duration responseTimeout,
		@DefaultValue("2m") @Range(min = "1ms", max = "1h") Duration firstEventTimeout,
		@DefaultValue("2m") @Range(min = "1ms", max = "1h") Duration streamIdleTimeout,
		@DefaultValue("1s") @Range(min = "0ms", max = "1m") Duration holdSignsOfLife,
		@DefaultValue("0s") @Range(min = "0ms", max = "1h") Duration keepAlive,
		@DefaultValue("30s") @Range(min = "1ms", max = "1h") Duration keepAliveDelay,
		@DefaultValue("5") @Range(min = "1", max = "100") int maxAttempts, @DefaultValue CooldownProperties cooldown,
		@DefaultValue RetryBudgetProperties retryBudget, @DefaultValue("false") boolean resume,
		@DefaultValue Set<String> forwardHeaders) {

	public PoolProperties {
		backends = List.copyOf(backends);
		forwardHeaders = Set.copyOf(forwardHeaders);
	}

}
