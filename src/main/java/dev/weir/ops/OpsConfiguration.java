package dev.weir.ops;

import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.Map;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;

import org.springframework.beans.factory.SmartInitializingSingleton;
import org.springframework.boot.health.contributor.CompositeReactiveHealthContributor;
import org.springframework.boot.health.contributor.ReactiveHealthContributor;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import dev.weir.backend.Pools;
import dev.weir.memory.BufferBudget;

/**
 * The health indicators, endpoint and metrics that Weir adds to Spring Boot Actuator.
 */
@Configuration(proxyBeanMethods = false)
class OpsConfiguration {

	@Bean
	BackendsEndpoint backendsEndpoint(Pools pools) {
		return new BackendsEndpoint(pools);
	}

	@Bean
	ReactiveHealthContributor backendsHealthContributor(Pools pools, InstantSource clock) {
		Map<String, ReactiveHealthContributor> backends = new LinkedHashMap<>();
		pools.all()
			.forEach((pool) -> pool.backends()
				.forEach((backend) -> backends.put(backend.name(), new BackendHealth(pool, backend, clock))));
		return CompositeReactiveHealthContributor.fromMap(backends);
	}

	@Bean
	ReactiveHealthContributor poolsHealthContributor(Pools pools) {
		Map<String, ReactiveHealthContributor> byName = new LinkedHashMap<>();
		pools.all().forEach((pool) -> byName.put(pool.name(), new PoolHealth(pool)));
		return CompositeReactiveHealthContributor.fromMap(byName);
	}

	@Bean
	MeterBinder bufferMetrics(BufferBudget budget) {
		return (registry) -> Gauge.builder("weir.buffered", budget, BufferBudget::used)
			.description("Bytes of buffered request bodies and starts of streams; weir.max-buffered is the limit")
			.baseUnit("bytes")
			.register(registry);
	}

	@Bean
	AttemptMetrics attemptMetrics(MeterRegistry registry) {
		return new AttemptMetrics(registry);
	}

	@Bean
	RequestMetrics requestMetrics(MeterRegistry registry) {
		return new RequestMetrics(registry);
	}

	@Bean
	SmartInitializingSingleton backendGauges(AttemptMetrics metrics, Pools pools) {
		return () -> metrics.registerGauges(pools);
	}

}
