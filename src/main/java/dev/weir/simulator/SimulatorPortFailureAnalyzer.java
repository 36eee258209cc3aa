package dev.weir.simulator;

import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/**
 * Describes a {@link SimulatorPortException} at startup, instead of a stack trace.
 */
final class SimulatorPortFailureAnalyzer extends AbstractFailureAnalyzer<SimulatorPortException> {

	@Override
	protected FailureAnalysis analyze(Throwable rootFailure, SimulatorPortException cause) {
		String description = "A simulated backend could not start: %s.".formatted(cause.getMessage());
		String action = "Stop the process that listens on port %d, or set %s to another port and change the url of the backend in the pool."
			.formatted(cause.port(), cause.property());
		return new FailureAnalysis(description, action, cause);
	}

}
