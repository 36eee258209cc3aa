package dev.weir.image;

import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.testcontainers.DockerClientFactory;

/**
 * Whether tests of the image can run.
 */
class DockerCondition implements ExecutionCondition {

	private static final String NOTICE = """

			************************************************************************
			The tests of the container image did NOT run: no Docker engine is available.
			Start one and run them with: ./mvnw verify
			************************************************************************
			""";

	@Override
	public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
		return evaluate(DockerClientFactory.instance().isDockerAvailable(), "true".equals(System.getenv("CI")));
	}

	static ConditionEvaluationResult evaluate(boolean available, boolean ci) {
		if (available) {
			return ConditionEvaluationResult.enabled("a Docker engine is available");
		}
		if (ci) {
			return ConditionEvaluationResult.enabled("in CI a missing Docker engine is a failure");
		}
		System.out.println(NOTICE);
		return ConditionEvaluationResult.disabled("no Docker engine is available");
	}

}
