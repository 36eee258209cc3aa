package dev.weir.config;

import java.util.List;
import java.util.stream.Stream;

import org.yaml.snakeyaml.error.YAMLException;

import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/**
 * Turns a start that failed because of a file that is no YAML into one message, without a
 * stack trace and without the line itself.
 */
final class YamlFailureAnalyzer extends AbstractFailureAnalyzer<YAMLException> {

	@Override
	protected FailureAnalysis analyze(Throwable rootFailure, YAMLException cause) {
		InvalidConfigurationException described = Stream.of(rootFailure.getSuppressed())
			.filter(InvalidConfigurationException.class::isInstance)
			.map(InvalidConfigurationException.class::cast)
			.findFirst()
			.orElseGet(() -> new InvalidConfigurationException(List.of(YamlMistake.describe(cause, List.of()))));
		return new FailureAnalysis(described.report().stripTrailing(), "Correct the file and start again.", described);
	}

}
