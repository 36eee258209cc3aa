package dev.weir.config;

import java.time.Duration;
import java.util.List;
import java.util.Set;

import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * A set of backends that stand in for each other.
 *
 * @param backends the backends, at least one
 * @param deadline the time that all attempts of one request may take together until an
 * answer begins, 1 ms to 1 h, 10 minutes by default
 * @param connectTimeout how long opening a connection to a backend may take, 1 ms to 1
 * minute, 2 seconds by default
 * @param responseTimeout how long a backend may take from the request to its response
 * headers, 1 ms to 1 h, 10 minutes by default
 * @param cooldown how long backends rest
 * @param retryBudget how many failures may be retried
 * @param forwardHeaders names of further request headers that backends receive, at most
 * 4; none by default. Credentials and headers of the connection itself are never among
 * them. Azure refuses requests with more than ten headers of their own
 */
public record PoolProperties(@DefaultValue List<BackendProperties> backends,
		@DefaultValue("10m") @Range(min = "1ms", max = "1h") Duration deadline,
		@DefaultValue("2s") @Range(min = "1ms", max = "1m") Duration connectTimeout,
		@DefaultValue("10m") @Range(min = "1ms", max = "1h") Duration responseTimeout,
		@DefaultValue CooldownProperties cooldown, @DefaultValue RetryBudgetProperties retryBudget,
		@DefaultValue Set<String> forwardHeaders) {

	public PoolProperties {
		backends = List.copyOf(backends);
		forwardHeaders = Set.copyOf(forwardHeaders);
	}

}
