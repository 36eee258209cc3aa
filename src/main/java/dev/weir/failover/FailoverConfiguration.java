package dev.weir.failover;

import java.time.InstantSource;

import com.github.benmanes.caffeine.cache.Ticker;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import dev.weir.backend.Pools;
import dev.weir.memory.BufferBudget;
import dev.weir.queue.Timing;
import dev.weir.queue.PoolWaitQueues;

/**
 * Failover and the queues in which requests wait for a lane.
 */
@Configuration(proxyBeanMethods = false)
class FailoverConfiguration {

	/** The one thread that changes the queues. It is idle while no request waits. */
	@Bean(destroyMethod = "dispose", defaultCandidate = false)
	Scheduler queueThread() {
		return Schedulers.newSingle("weir-queues", true);
	}

	@Bean
	PoolWaitQueues poolWaitQueues(Pools pools, Ticker ticker, Scheduler timers,
			@Qualifier("queueThread") Scheduler thread) {
		return new PoolWaitQueues(pools, new Timing(ticker, timers), thread::schedule);
	}

	@Bean
	Failover failover(Pools pools, PoolWaitQueues queues, BufferBudget budget, InstantSource clock) {
		return new Failover(pools, queues, budget, clock);
	}

}
