package dev.weir.simulator;

import java.time.Duration;
import java.util.List;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * The properties under {@code weir.simulator}. They have an effect only under the profile
 * {@code demo}.
 *
 * @param backends the simulated backends, none by default
 */
@ConfigurationProperties("weir.simulator")
public record SimulatorProperties(@DefaultValue List<Backend> backends) {

	public SimulatorProperties {
		backends = List.copyOf(backends);
	}

	/**
	 * One simulated Azure OpenAI resource.
	 *
	 * @param name its name, which its responses contain
	 * @param port its port on 127.0.0.1, 0 to 65535; 0, the default, means any free port
	 * @param tokensPerMinute the quota of each of its deployments, at least 1, 20000 by
	 * default
	 * @param firstEventDelay the time until a response begins, 20 ms by default
	 * @param eventInterval the time between two events of a stream, 30 ms by default
	 */
	public record Backend(String name, @DefaultValue("0") int port, @DefaultValue("20000") int tokensPerMinute,
			@DefaultValue("20ms") Duration firstEventDelay, @DefaultValue("30ms") Duration eventInterval) {

		public Backend {
			if (name == null || name.isBlank()) {
				throw new IllegalArgumentException("name must not be empty");
			}
			if (port < 0 || port > 65535) {
				throw new IllegalArgumentException("port must be 0 to 65535");
			}
			if (tokensPerMinute < 1) {
				throw new IllegalArgumentException("tokens-per-minute must be at least 1");
			}
			if (firstEventDelay.isNegative() || eventInterval.isNegative()) {
				throw new IllegalArgumentException("first-event-delay and event-interval must not be negative");
			}
		}

		/**
		 * A backend on any free port that responds without delay.
		 * @param name its name, which its responses contain
		 * @param tokensPerMinute the quota of each of its deployments, at least 1
		 * @return the backend's settings
		 */
		public static Backend withoutDelay(String name, int tokensPerMinute) {
			return new Backend(name, 0, tokensPerMinute, Duration.ZERO, Duration.ZERO);
		}

	}

}
