package dev.weir.simulator;

import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/**
 * Says in place of a stack trace which simulated backend has no port to listen on.
 */
final class SimulatorPortFailureAnalyzer extends AbstractFailureAnalyzer<SimulatorPortException> {

	@Override
	protected FailureAnalysis analyze(Throwable rootFailure, SimulatorPortException cause) {
		String description = "A simulated backend could not start: %s.".formatted(cause.getMessage());
		String action = "Stop what listens on port %d, or set %s to another port, and with it the url of the backend in the pool."
			.formatted(cause.port(), cause.property());
		return new FailureAnalysis(description, action, cause);
	}

}
