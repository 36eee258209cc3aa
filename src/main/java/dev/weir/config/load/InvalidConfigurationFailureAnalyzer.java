package dev.weir.config.load;

import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/**
 * Prints the list of mistakes after a failed start, without a stack trace.
 */
class InvalidConfigurationFailureAnalyzer extends AbstractFailureAnalyzer<InvalidConfigurationException> {

	private static final String ACTION = "Correct these mistakes and start again. "
			+ "docs/configuration.md describes every property.";

	@Override
	protected FailureAnalysis analyze(Throwable rootFailure, InvalidConfigurationException cause) {
		String report = cause.report().stripTrailing();
		return new FailureAnalysis((cause.locations() != null) ? report + "\n\n" + cause.locations() : report, ACTION,
				cause);
	}

}
