package dev.weir.list;

import com.github.benmanes.caffeine.cache.Ticker;

import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import dev.weir.affinity.ObjectOwners;
import dev.weir.failover.Failover;
import dev.weir.memory.BufferBudget;

/**
 * Lists that are merged over the backends of a pool.
 */
@Configuration(proxyBeanMethods = false)
class ListConfiguration {

	@Bean
	MergedLists mergedLists(Failover failover, BufferBudget budget, ObjectOwners owners, Ticker ticker) {
		return new MergedLists(failover, budget, owners, ticker);
	}

}
