package dev.weir.ops;

import java.time.InstantSource;
import java.util.Objects;
import java.util.Optional;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;

import org.springframework.beans.factory.SmartInitializingSingleton;
import org.springframework.boot.health.contributor.ReactiveHealthContributor;
import org.springframework.boot.health.contributor.ReactiveHealthContributors;
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
		return new LiveHealth(
				() -> pools.all()
					.stream()
					.flatMap((pool) -> pool.backends()
						.stream()
						.map((backend) -> new ReactiveHealthContributors.Entry(backend.name(),
								new BackendHealth(pool, backend, clock)))),
				(name) -> pools.all()
					.stream()
					.filter((pool) -> pool.backend(name) != null)
					.findFirst()
					.map((pool) -> new BackendHealth(pool, Objects.requireNonNull(pool.backend(name)), clock))
					.orElse(null));
	}

	@Bean
	ReactiveHealthContributor poolsHealthContributor(Pools pools) {
		return new LiveHealth(
				() -> pools.all()
					.stream()
					.map((pool) -> new ReactiveHealthContributors.Entry(pool.name(), new PoolHealth(pool, pools))),
				(name) -> Optional.ofNullable(pools.get(name)).map((pool) -> new PoolHealth(pool, pools)).orElse(null));
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
	RequestMetrics requestMetrics(MeterRegistry registry, Pools pools) {
		return new RequestMetrics(registry, pools);
	}

	@Bean
	SmartInitializingSingleton backendGauges(AttemptMetrics metrics, Pools pools) {
		return () -> metrics.onApplied(pools.current());
	}

}
