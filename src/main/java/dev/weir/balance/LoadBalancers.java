package dev.weir.balance;

import com.github.benmanes.caffeine.cache.Ticker;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.time.Duration;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import org.springframework.boot.context.event.ApplicationReadyEvent;
import org.springframework.cloud.loadbalancer.core.ReactorServiceInstanceLoadBalancer;
import org.springframework.context.ApplicationListener;

import dev.weir.backend.BackendCondition;
import dev.weir.backend.ConfigurationListener;
import dev.weir.backend.Backend;
import dev.weir.backend.Pool;
import dev.weir.backend.PoolSet;
import dev.weir.backend.Pools;

/**
 * Creates the load balancer of each pool before requests need it; otherwise the first
 * request to a pool would create it, on an event loop. Closes those of removed pools. The
 * start of Weir and reloads may use it at the same time.
 */
final class LoadBalancers implements ApplicationListener<ApplicationReadyEvent>, ConfigurationListener {

	private static final Logger logger = LoggerFactory.getLogger(LoadBalancers.class);

	private final LoadBalancerContexts contexts;

	private final Pools pools;

	private final Ticker ticker;

	// of all pools that have a load balancer; the longest one, which waiting requests may
	// have
	private final Map<String, Duration> deadlines = new HashMap<>();

	// when a pool was found to be removed
	private final Map<String, Long> removed = new HashMap<>();

	LoadBalancers(LoadBalancerContexts contexts, Pools pools, Ticker ticker) {
		this.contexts = contexts;
		this.pools = pools;
		this.ticker = ticker;
	}

	@Override
	public void onApplicationEvent(ApplicationReadyEvent event) {
		prepare(this.pools.current());
		this.pools.all().forEach((pool) -> logger.info("Pool {}", describe(pool)));
	}

	/**
	 * Creates the load balancers of the pools that have none.
	 * @param configuration the next configuration
	 */
	@Override
	public synchronized void prepare(PoolSet configuration) {
		configuration.all().forEach((pool) -> {
			this.contexts.getInstance(pool.name(), ReactorServiceInstanceLoadBalancer.class);
			this.deadlines.merge(pool.name(), pool.properties().deadline(), LoadBalancers::longer);
		});
	}

	private static Duration longer(Duration one, Duration other) {
		return (one.compareTo(other) > 0) ? one : other;
	}

	/** A pool that was added again is not removed any more. */
	@Override
	public synchronized void onApplied(PoolSet current) {
		current.all().forEach((pool) -> this.removed.remove(pool.name()));
	}

	/**
	 * Closes the load balancers of removed pools once no request can need them: no
	 * attempt runs, and a request that waited for a lane has passed its deadline.
	 */
	@Override
	public synchronized void onRemoved(List<BackendCondition> gone, PoolSet current) {
		this.deadlines.entrySet()
			.removeIf((pool) -> current.get(pool.getKey()) == null && closeIfUnused(pool.getKey(), pool.getValue()));
	}

	private boolean closeIfUnused(String pool, Duration deadline) {
		long now = this.ticker.read();
		long since = this.removed.computeIfAbsent(pool, (name) -> now);
		if (now - since < deadline.toNanos() || this.pools.isInUse(pool)) {
			return false;
		}
		this.contexts.close(pool);
		this.removed.remove(pool);
		return true;
	}

	private static String describe(Pool pool) {
		return pool.name() + ": " + String.join(", ", pool.backends().stream().map(LoadBalancers::describe).toList());
	}

	private static String describe(Backend backend) {
		return "%s (%s, priority %d)".formatted(backend.name(), backend.url(), backend.properties().priority());
	}

}
