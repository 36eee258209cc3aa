package dev.weir.simulator;

import java.time.Clock;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.context.event.ApplicationReadyEvent;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.ApplicationListener;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Profile;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;

/**
 * Starts the simulator under the profile {@code demo}.
 */
@Configuration(proxyBeanMethods = false)
@Profile("demo")
@EnableConfigurationProperties(SimulatorProperties.class)
class SimulatorConfiguration {

	private static final Logger logger = LoggerFactory.getLogger(SimulatorConfiguration.class);

	@Bean
	Simulator simulator(SimulatorProperties properties, ObjectProvider<Clock> clock) {
		return new Simulator(properties, clock.getIfUnique(Clock::systemUTC));
	}

	/** Logs example commands, after all other lines of the start. */
	@Bean
	@Order(Ordered.LOWEST_PRECEDENCE)
	ApplicationListener<ApplicationReadyEvent> demoHints(Simulator simulator) {
		return (event) -> {
			if (simulator.backends().isEmpty()) {
				return;
			}
			String port = event.getApplicationContext().getEnvironment().getProperty("local.server.port", "8080");
			logger.info(
					"""
							The demo is ready. Send this request a dozen times: when the quota of the first backend is used up, x-weir-backend names another one:
							  curl -i localhost:{}/v1/chat/completions -H 'content-type: application/json' -d '{"model":"gpt-4o","messages":[{"role":"user","content":"hi"}]}'
							Make a backend fail (down, throttle or hang; ok ends it): another one takes over:
							  curl -X POST {}/simulator/down
							The state of every backend: curl localhost:{}/actuator/backends""",
					port, simulator.backends().get(0).url(), port);
		};
	}

}
