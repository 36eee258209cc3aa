package dev.weir.affinity;

import java.util.concurrent.ForkJoinPool;

import com.github.benmanes.caffeine.cache.Ticker;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import reactor.core.scheduler.Scheduler;
import reactor.netty.http.client.HttpClient;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import dev.weir.backend.Pools;
import dev.weir.config.LiveConfiguration;
import dev.weir.queue.PoolWaitQueues;
import dev.weir.queue.Timing;
import dev.weir.upstream.BackendEndpoints;

/**
 * The owners of stored objects, and the restriction of requests to them.
 */
@Configuration(proxyBeanMethods = false)
class AffinityConfiguration {

	@Bean
	MemoryObjectOwners objectOwners(LiveConfiguration configuration, Ticker ticker) {
		return new MemoryObjectOwners(configuration.current().affinity(), ticker, ForkJoinPool.commonPool());
	}

	@Bean
	FormerOwners formerOwners(Ticker ticker) {
		return new FormerOwners(ticker);
	}

	@Bean
	OwnerRecorder ownerRecorder(ObjectOwners owners, FormerOwners formerOwners) {
		return new OwnerRecorder(owners, formerOwners);
	}

	@Bean
	ObjectLookup objectLookup(BackendEndpoints endpoints, ObjectProvider<HttpClient> client, ObjectOwners owners,
			PoolWaitQueues queues, LiveConfiguration configuration, Ticker ticker, Scheduler timers) {
		return new ObjectLookup((question, backend) -> question.ask(backend, endpoints.of(backend), client.getObject()),
				owners, queues, () -> configuration.current().affinity(), new Timing(ticker, timers));
	}

	@Bean
	ObjectAccess objectAccess(ObjectOwners owners) {
		return new ObjectAccess(owners);
	}

	@Bean
	ObjectAffinity objectAffinity(ObjectAccess access, ObjectOwners owners, FormerOwners formerOwners,
			ObjectLookup lookup, LiveConfiguration configuration, AffinityMetrics metrics, Ticker ticker) {
		return new ObjectAffinity(access, owners, formerOwners, lookup,
				new HomeBackends(configuration.current().affinity().expireAfter(), ticker), metrics);
	}

	@Bean
	AffinityMetrics affinityMetrics(MeterRegistry registry, Pools pools) {
		return new AffinityMetrics(registry, pools);
	}

	@Bean
	MeterBinder objectOwnersMetrics(ObjectOwners owners) {
		return (registry) -> Gauge.builder("weir.affinity.objects", owners, ObjectOwners::size)
			.description("Stored objects whose owner is known; weir.affinity.max-memory limits them")
			.register(registry);
	}

}
