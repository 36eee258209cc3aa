package dev.weir.upstream;

import reactor.netty.resources.LoopResources;

import org.springframework.cloud.gateway.config.HttpClientProperties;
import org.springframework.cloud.gateway.config.HttpClientProperties.Pool.PoolType;

/**
 * How the connections to a host are shared among event loops. Each has a part of its own
 * where there are plenty. Few are for all: a part of them might be taken while others are
 * free.
 *
 * @param isPerLoop whether each event loop has connections of its own
 * @param connections how many may be open to a host, in each part
 */
record ConnectionShare(boolean isPerLoop, int connections) {

	/** From how many on for each event loop there are plenty. */
	static final int PLENTY = 100;

	/**
	 * Shares what the settings allow.
	 * @param pool the settings
	 * @return the shares
	 */
	static ConnectionShare of(HttpClientProperties.Pool pool) {
		if (pool.getType() != PoolType.FIXED) {
			return new ConnectionShare(true, pool.getMaxConnections());
		}
		int loops = LoopResources.DEFAULT_IO_WORKER_COUNT;
		int each = pool.getMaxConnections() / loops;
		return (each >= PLENTY) ? new ConnectionShare(true, each)
				: new ConnectionShare(false, pool.getMaxConnections());
	}

}
