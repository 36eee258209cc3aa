package dev.weir.config.load;

import java.time.Duration;

import org.springframework.boot.context.properties.bind.BindException;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.core.env.ConfigurableEnvironment;

/**
 * Checks that the drain delay fits into Spring Boot's time limit for a shutdown phase.
 */
final class DrainDelayCheck {

	private static final String PHASE_TIMEOUT = "spring.lifecycle.timeout-per-shutdown-phase";

	private static final Duration DEFAULT_PHASE_TIMEOUT = Duration.ofSeconds(30);

	private final ProblemCollector problems;

	DrainDelayCheck(ProblemCollector problems) {
		this.problems = problems;
	}

	void check(ConfigurableEnvironment environment, Duration drainDelay) {
		Duration timeout;
		try {
			timeout = Binder.get(environment).bind(PHASE_TIMEOUT, Duration.class).orElse(DEFAULT_PHASE_TIMEOUT);
		}
		catch (BindException ex) {
			// Spring Boot reports this mistake itself
			return;
		}
		if (drainDelay.compareTo(timeout) > 0) {
			this.problems.report(SettingTree.ROOT.append("drain-delay"),
					"is longer than " + PHASE_TIMEOUT + " (" + timeout.toMillis() + "ms), which would cut it off",
					"Raise " + PHASE_TIMEOUT + " as well.");
		}
	}

}
