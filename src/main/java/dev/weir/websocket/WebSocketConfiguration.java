package dev.weir.websocket;

import java.time.InstantSource;

import com.github.benmanes.caffeine.cache.Ticker;
import reactor.core.scheduler.Scheduler;

import org.springframework.boot.autoconfigure.context.LifecycleProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import dev.weir.affinity.ObjectAffinity;
import dev.weir.backend.Pools;
import dev.weir.config.LiveConfiguration;
import dev.weir.failover.Failover;
import dev.weir.memory.BufferBudget;
import dev.weir.request.ClientLimits;
import dev.weir.request.Clients;

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
	EphemeralKeys ephemeralKeys(InstantSource clock, Ticker ticker) {
		return new EphemeralKeys(clock, ticker);
	}

	@Bean
	WebSocketConnector webSocketConnector(Clients clients, ClientLimits limits, Failover failover, Pools pools,
			ObjectAffinity affinity, BufferBudget budget, InstantSource clock, OpenSockets open,
			LiveConfiguration configuration) {
		return new WebSocketConnector(new ResponseRequests.Shared(new MessageAccess(clients, limits), failover, pools,
				affinity, budget, clock), open, configuration);
	}

}
