package dev.weir.server;

import org.springframework.boot.reactor.netty.NettyReactiveWebServerFactory;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;
import org.springframework.cloud.gateway.config.GlobalCorsProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;

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
	WebServerFactoryCustomizer<NettyReactiveWebServerFactory> serverPipeline() {
		return (factory) -> factory.addServerCustomizers((server) -> {
			ServerPipeline pipeline = new ServerPipeline(server.configuration().decoder());
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
