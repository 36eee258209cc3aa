package dev.weir.server;

import org.springframework.boot.reactor.netty.NettyReactiveWebServerFactory;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;
import org.springframework.cloud.gateway.config.GlobalCorsProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;

import dev.weir.config.LiveConfiguration;
import dev.weir.config.WeirProperties;

/**
 * Puts the edge in front of the gateway.
 */
@Configuration(proxyBeanMethods = false)
class ServerConfiguration {

	/**
	 * Comes last, since it copies the decoder's limits that Spring Boot's customizers
	 * set.
	 */
	@Bean
	@Order(Ordered.LOWEST_PRECEDENCE)
	WebServerFactoryCustomizer<NettyReactiveWebServerFactory> serverPipeline(LiveConfiguration configuration) {
		WeirProperties settings = configuration.current();
		ClientPace pace = new ClientPace(settings.headerTimeout(), settings.bodyTimeout(),
				settings.clientIdleTimeout());
		return (factory) -> factory.addServerCustomizers((server) -> {
			ServerPipeline pipeline = new ServerPipeline(server.configuration().decoder(), pace);
			return server.doOnChannelInit((observer, channel, address) -> pipeline.init(channel));
		});
	}

	@Bean
	RequestIdFilter requestIdFilter() {
		return new RequestIdFilter();
	}

	@Bean
	CorsReplyFilter corsReplyFilter(GlobalCorsProperties properties) {
		return new CorsReplyFilter(properties.getCorsConfigurations());
	}

	@Bean
	RefusalFilter refusalFilter() {
		return new RefusalFilter();
	}

}
