package dev.weir.config;

import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/**
 * Turns a failed start into the list of mistakes, without a stack trace.
 */
class InvalidConfigurationFailureAnalyzer extends AbstractFailureAnalyzer<InvalidConfigurationException> {

	private static final String ACTION = "Correct what is listed above and start again. "
			+ "docs/configuration.md describes every property.";

	@Override
	protected FailureAnalysis analyze(Throwable rootFailure, InvalidConfigurationException cause) {
		String report = cause.report().stripTrailing();
		return new FailureAnalysis((cause.places() != null) ? report + "\n\n" + cause.places() : report, ACTION, cause);
	}

}
