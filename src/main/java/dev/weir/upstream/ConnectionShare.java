package dev.weir.upstream;

import reactor.netty.resources.LoopResources;

import org.springframework.cloud.gateway.config.HttpClientProperties;
import org.springframework.cloud.gateway.config.HttpClientProperties.Pool.PoolType;

/**
 * How the connections to a host are divided among event loops. If there are many, each
 * event loop has a fixed part. A small number is shared by all, since one loop's part
 * could be used up while others have free connections.
 *
 * @param isPerLoop whether each event loop has a fixed part
 * @param connections the limit of open connections to a host, for each part
 */
record ConnectionShare(boolean isPerLoop, int connections) {

	/** The least number of connections for each event loop at which they are divided. */
	static final int MIN_PER_LOOP = 100;

	/**
	 * Divides the connections that the settings allow.
	 * @param pool the settings
	 * @return the division
	 */
	static ConnectionShare of(HttpClientProperties.Pool pool) {
		if (pool.getType() != PoolType.FIXED) {
			return new ConnectionShare(true, pool.getMaxConnections());
		}
		int loops = LoopResources.DEFAULT_IO_WORKER_COUNT;
		int each = pool.getMaxConnections() / loops;
		return (each >= MIN_PER_LOOP) ? new ConnectionShare(true, each)
				: new ConnectionShare(false, pool.getMaxConnections());
	}

}
