package dev.weir.server;

import reactor.core.scheduler.Scheduler;

import org.springframework.boot.reactor.netty.NettyReactiveWebServerFactory;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;
import org.springframework.cloud.gateway.config.GlobalCorsProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;

import dev.weir.config.LiveConfiguration;
import dev.weir.request.RequestListener;
import com.github.benmanes.caffeine.cache.Ticker;
import java.util.List;

/**
 * Configures the connections of clients, the first filter, and the stop of the server.
 */
@Configuration(proxyBeanMethods = false)
class ServerConfiguration {

	/**
	 * Runs last, because it copies the limits of the decoder that the customizers of
	 * Spring Boot set.
	 */
	@Bean
	@Order(Ordered.LOWEST_PRECEDENCE)
	WebServerFactoryCustomizer<NettyReactiveWebServerFactory> serverPipeline(LiveConfiguration configuration) {
		return (factory) -> factory.addServerCustomizers((server) -> {
			ServerPipeline pipeline = new ServerPipeline(server.configuration().decoder(),
					() -> ClientTimeouts.of(configuration.current()));
			return server.doOnChannelInit((observer, channel, address) -> pipeline.init(channel));
		});
	}

	@Bean
	EntryFilter entryFilter(GlobalCorsProperties cors, DrainDelay drainDelay, Ticker ticker,
			List<RequestListener> listeners) {
		return new EntryFilter(new CorsPolicy(cors.getCorsConfigurations()), drainDelay::isDraining, ticker, listeners);
	}

	@Bean
	DrainDelay drainDelay(LiveConfiguration configuration, Scheduler timers) {
		return new DrainDelay(() -> configuration.current().drainDelay(), timers);
	}

}
