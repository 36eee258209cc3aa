package dev.weir.server;

import io.micrometer.core.instrument.MeterRegistry;
import io.netty.channel.ChannelOption;
import io.netty.channel.ServerChannelRecvByteBufAllocator;
import reactor.core.scheduler.Scheduler;

import org.springframework.boot.actuate.autoconfigure.endpoint.web.WebEndpointProperties;
import org.springframework.boot.reactor.netty.NettyReactiveWebServerFactory;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;
import org.springframework.cloud.gateway.config.GlobalCorsProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.core.env.Environment;

import dev.weir.config.LiveConfiguration;
import dev.weir.request.RefusalLog;
import dev.weir.request.RequestListener;
import dev.weir.request.RequestsInFlight;
import com.github.benmanes.caffeine.cache.Ticker;
import java.util.List;

/**
 * Configures the connections of clients, the first filter, and the stop of the server.
 */
@Configuration(proxyBeanMethods = false)
class ServerConfiguration {

	/**
	 * How many connections are accepted each time that the event loop of the listening
	 * socket has handled the events of its other connections. Netty's epoll transport
	 * accepts one, because it compares the number of the new socket with a number of
	 * bytes to find out whether there are more. While other connections are busy, new
	 * ones would wait for seconds.
	 */
	private static final int MAX_ACCEPTED = 256;

	/**
	 * Runs last, because it copies the limits of the decoder that the customizers of
	 * Spring Boot set.
	 */
	@Bean
	@Order(Ordered.LOWEST_PRECEDENCE)
	WebServerFactoryCustomizer<NettyReactiveWebServerFactory> serverPipeline(LiveConfiguration configuration,
			EarlyRefusal refusal) {
		return (factory) -> factory.addServerCustomizers((server) -> {
			ServerPipeline pipeline = new ServerPipeline(server.configuration().decoder(),
					() -> ClientTimeouts.of(configuration.current()), refusal);
			return server
				.option(ChannelOption.RECVBUF_ALLOCATOR,
						new ServerChannelRecvByteBufAllocator().respectMaybeMoreData(false)
							.maxMessagesPerRead(MAX_ACCEPTED))
				.doOnChannelInit((observer, channel, address) -> pipeline.init(channel));
		});
	}

	@Bean
	RequestIdGenerator requestIdGenerator() {
		return new RequestIdGenerator();
	}

	@Bean
	EarlyRefusal earlyRefusal(RequestsInFlight inFlight, WebEndpointProperties endpoints, Environment environment,
			DrainDelay drainDelay, RequestIdGenerator ids, RefusalLog log, MeterRegistry meters) {
		String actuator = environment.getProperty("spring.webflux.base-path", "") + endpoints.getBasePath();
		return new EarlyRefusal(inFlight, actuator.isEmpty() ? "/" : actuator, drainDelay::isDraining, ids, log,
				meters);
	}

	@Bean
	EntryFilter entryFilter(RequestIdGenerator ids, GlobalCorsProperties cors, DrainDelay drainDelay, Ticker ticker,
			List<RequestListener> listeners) {
		return new EntryFilter(ids, new CorsPolicy(cors.getCorsConfigurations()), drainDelay::isDraining, ticker,
				listeners);
	}

	@Bean
	DrainDelay drainDelay(LiveConfiguration configuration, Scheduler timers) {
		return new DrainDelay(() -> configuration.current().drainDelay(), timers);
	}

}
