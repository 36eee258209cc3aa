package dev.weir.config.load;

import java.util.List;
import java.util.stream.Stream;

import org.yaml.snakeyaml.error.YAMLException;

import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/**
 * Prints one message after a start that failed because a file is not valid YAML, without
 * a stack trace and without the content of the file.
 */
final class YamlFailureAnalyzer extends AbstractFailureAnalyzer<YAMLException> {

	@Override
	protected FailureAnalysis analyze(Throwable rootFailure, YAMLException cause) {
		InvalidConfigurationException described = Stream.of(rootFailure.getSuppressed())
			.filter(InvalidConfigurationException.class::isInstance)
			.map(InvalidConfigurationException.class::cast)
			.findFirst()
			.orElseGet(
					() -> new InvalidConfigurationException(List.of(YamlProblemDescriber.describe(cause, List.of()))));
		return new FailureAnalysis(described.report().stripTrailing(), "Correct the file and start again.", described);
	}

}
