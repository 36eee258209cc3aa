package dev.weir.server;

import reactor.netty.resources.LoopResources;

import org.springframework.boot.actuate.autoconfigure.web.ManagementContextConfiguration;
import org.springframework.boot.actuate.autoconfigure.web.ManagementContextType;
import org.springframework.boot.reactor.netty.NettyReactiveWebServerFactory;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Condition;
import org.springframework.context.annotation.ConditionContext;
import org.springframework.context.annotation.Conditional;
import org.springframework.core.type.AnnotatedTypeMetadata;

/**
 * Gives a separate management port ({@code management.server.port}) an event loop that no
 * client can keep busy, so that probes are replied to under any load. The condition keeps
 * it out of the context of the main server, whose component scan finds it, too.
 */
@Conditional(ManagementServerConfiguration.InChildContext.class)
@ManagementContextConfiguration(value = ManagementContextType.CHILD, proxyBeanMethods = false)
class ManagementServerConfiguration {

	@Bean(destroyMethod = "dispose")
	LoopResources managementLoop() {
		return LoopResources.create("management-http", 1, true);
	}

	@Bean
	WebServerFactoryCustomizer<NettyReactiveWebServerFactory> managementServer(LoopResources managementLoop) {
		return (factory) -> factory.addServerCustomizers((server) -> server.runOn(managementLoop));
	}

	static final class InChildContext implements Condition {

		@Override
		public boolean matches(ConditionContext context, AnnotatedTypeMetadata metadata) {
			return context.getBeanFactory() != null && context.getBeanFactory().getParentBeanFactory() != null;
		}

	}

}
