package dev.weir.failover;

import java.time.InstantSource;

import com.github.benmanes.caffeine.cache.Ticker;

import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import dev.weir.backend.Pools;
import dev.weir.backend.RequestListener;
import dev.weir.memory.BufferBudget;
import reactor.core.scheduler.Scheduler;

/**
 * The filters around an attempt.
 */
@Configuration(proxyBeanMethods = false)
class FailoverConfiguration {

	@Bean
	BreakGuardFilter breakGuardFilter() {
		return new BreakGuardFilter();
	}

	@Bean
	RelayFilter relayFilter(Pools pools, RequestListener listener, Ticker ticker) {
		return new RelayFilter(pools, listener, ticker);
	}

	@Bean
	Timing timing(Ticker ticker, InstantSource clock, Scheduler timers) {
		return new Timing(ticker, clock, timers);
	}

	@Bean
	PoolWaitQueues poolWaitQueues(Pools pools, Timing timing) {
		return new PoolWaitQueues(pools, timing);
	}

	@Bean
	FailoverFilter failoverFilter(Pools pools, PoolWaitQueues queues, BufferBudget budget, Timing timing) {
		return new FailoverFilter(pools, queues, budget, timing);
	}

}
