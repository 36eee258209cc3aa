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
	OwnerRecorder ownerRecorder(ObjectOwners owners) {
		return new OwnerRecorder(owners);
	}

	@Bean
	ObjectLookup objectLookup(BackendEndpoints endpoints, ObjectProvider<HttpClient> client, ObjectOwners owners,
			LiveConfiguration configuration, Scheduler timers, Ticker ticker) {
		return new ObjectLookup(new ObjectLookup.Connections(endpoints, client::getObject), owners,
				() -> configuration.current().affinity(), timers, ticker);
	}

	@Bean
	ObjectAffinity objectAffinity(ObjectOwners owners, ObjectLookup lookup, LiveConfiguration configuration,
			AffinityMetrics metrics, Ticker ticker) {
		return new ObjectAffinity(owners, lookup,
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
