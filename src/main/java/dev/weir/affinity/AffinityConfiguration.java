package dev.weir.affinity;

import java.util.concurrent.ForkJoinPool;

import com.github.benmanes.caffeine.cache.Ticker;

import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import dev.weir.config.LiveConfiguration;

/**
 * The owners of stored objects, and the restriction of requests to them.
 */
@Configuration(proxyBeanMethods = false)
class AffinityConfiguration {

	@Bean
	ObjectOwners objectOwners(LiveConfiguration configuration, Ticker ticker) {
		return new MemoryObjectOwners(configuration.current().affinity(), ticker, ForkJoinPool.commonPool());
	}

}
