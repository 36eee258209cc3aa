package dev.weir.upstream;

import org.junit.jupiter.api.Test;
import reactor.netty.resources.LoopResources;

import org.springframework.cloud.gateway.config.HttpClientProperties;
import org.springframework.cloud.gateway.config.HttpClientProperties.Pool.PoolType;

import static org.assertj.core.api.Assertions.assertThat;

class ConnectionShareTests {

	private static final int LOOPS = LoopResources.DEFAULT_IO_WORKER_COUNT;

	@Test
	void manyConnectionsAreDividedAmongTheEventLoops() {
		assertThat(ConnectionShare.of(fixed(LOOPS * 100))).isEqualTo(new ConnectionShare(true, 100));
	}

	@Test
	void fewConnectionsAreSharedByAllEventLoops() {
		assertThat(ConnectionShare.of(fixed(LOOPS * 100 - 1))).isEqualTo(new ConnectionShare(false, LOOPS * 100 - 1));
	}

	@Test
	void withoutALimitEachEventLoopHasItsOwnConnections() {
		HttpClientProperties.Pool pool = fixed(1);
		pool.setType(PoolType.ELASTIC);
		assertThat(ConnectionShare.of(pool).isPerLoop()).isTrue();
	}

	private static HttpClientProperties.Pool fixed(int connections) {
		HttpClientProperties.Pool pool = new HttpClientProperties().getPool();
		pool.setType(PoolType.FIXED);
		pool.setMaxConnections(connections);
		return pool;
	}

}
