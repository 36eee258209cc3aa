package dev.weir.client.limit;

import java.time.InstantSource;

import com.github.benmanes.caffeine.cache.Ticker;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import dev.weir.config.LiveConfiguration;
import dev.weir.request.RefusalLog;

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
	 * The quotas. Refusals are counted by limit and entry of {@code weir.clients}. All
	 * callers of a tenant that share one entry are one value, so that the number of time
	 * series is bounded.
	 */
	@Bean
	ClientQuotas clientQuotas(LiveConfiguration configuration, LimitClock clock, Ticker ticker, MeterRegistry registry,
			ObjectProvider<LimitLeases> leases) {
		RefusalLog log = new RefusalLog(ticker);
		return new ClientQuotas(configuration.current(), clock, ticker, (refusal) -> {
			Counter.builder("weir.clients.refused")
				.description("Requests that exceeded a limit of their client")
				.tag("client", refusal.client().properties().name())
				.tag("limit", refusal.limit())
				.register(registry)
				.increment();
			log.record(refusal.client(), refusal.reply(), refusal.requestId());
		}, leases.getIfAvailable());
	}

	@Bean
	ClientsEndpoint clientsEndpoint(ClientQuotas quotas) {
		return new ClientsEndpoint(quotas);
	}

}
