package dev.weir.client.limit;

import java.time.InstantSource;

import com.github.benmanes.caffeine.cache.Ticker;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import dev.weir.config.LiveConfiguration;

/**
 * Configures the limits of clients.
 */
@Configuration(proxyBeanMethods = false)
class LimitConfiguration {

	@Bean
	LimitClock limitClock(InstantSource clock, Ticker ticker) {
		return new LimitClock(clock, ticker);
	}

	/**
	 * The quotas. Refusals are counted by limit, not by client, so that many clients do
	 * not make many time series.
	 */
	@Bean
	ClientQuotas clientQuotas(LiveConfiguration configuration, LimitClock clock, Ticker ticker, MeterRegistry registry,
			ObjectProvider<LimitLeases> leases) {
		return new ClientQuotas(configuration.current(), clock, ticker,
				(limit) -> Counter.builder("weir.clients.refused")
					.description("Requests that exceeded a limit of their client")
					.tag("limit", limit)
					.register(registry)
					.increment(),
				leases.getIfAvailable());
	}

	@Bean
	ClientsEndpoint clientsEndpoint(ClientQuotas quotas) {
		return new ClientsEndpoint(quotas);
	}

}
