package dev.weir.config;

import java.time.Duration;

import org.springframework.boot.context.properties.bind.BindException;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.core.env.ConfigurableEnvironment;

/**
 * What the drain delay must be beside Spring Boot's own setting of the stop.
 */
final class DrainRules {

	private static final String PHASE_TIMEOUT = "spring.lifecycle.timeout-per-shutdown-phase";

	private static final Duration DEFAULT_PHASE_TIMEOUT = Duration.ofSeconds(30);

	private final Problems problems;

	DrainRules(Problems problems) {
		this.problems = problems;
	}

	void check(ConfigurableEnvironment environment, Duration drainDelay) {
		Duration timeout;
		try {
			timeout = Binder.get(environment).bind(PHASE_TIMEOUT, Duration.class).orElse(DEFAULT_PHASE_TIMEOUT);
		}
		catch (BindException ex) {
			// Spring Boot says so itself
			return;
		}
		if (drainDelay.compareTo(timeout) > 0) {
			this.problems.report(SettingTree.ROOT.append("drain-delay"),
					"is longer than " + PHASE_TIMEOUT + ", " + timeout.toMillis() + "ms, which would cut it off",
					"Raise that one, too.");
		}
	}

}
