package dev.weir.websocket;

import reactor.core.scheduler.Scheduler;

import org.springframework.boot.autoconfigure.context.LifecycleProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import dev.weir.config.LiveConfiguration;
import dev.weir.failover.Failover;
import dev.weir.memory.BufferBudget;

/**
 * WebSockets of clients.
 */
@Configuration(proxyBeanMethods = false)
class WebSocketConfiguration {

	@Bean
	OpenSockets openSockets(LifecycleProperties lifecycle, Scheduler timers) {
		return new OpenSockets(lifecycle.getTimeoutPerShutdownPhase(), timers);
	}

	@Bean
	WebSocketConnector webSocketConnector(Failover failover, OpenSockets open, BufferBudget budget,
			LiveConfiguration configuration) {
		return new WebSocketConnector(failover, open, budget, configuration);
	}

}
