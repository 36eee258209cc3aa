package dev.weir.testing;

import java.io.File;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.util.stream.Stream;

import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.testcontainers.DockerClientFactory;

/**
 * Marks tests that need a {@link RedisServer}. With neither a Docker engine nor
 * {@code redis-server} they are skipped with a notice; in CI they fail.
 */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(RequiresRedis.Condition.class)
public @interface RequiresRedis {

	/**
	 * Whether there is a Redis.
	 */
	final class Condition implements ExecutionCondition {

		@Override
		public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
			boolean installed = Stream.of(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator))
				.anyMatch((folder) -> new File(folder, "redis-server").canExecute());
			if (installed || "true".equals(System.getenv("CI")) || DockerClientFactory.instance().isDockerAvailable()) {
				return ConditionEvaluationResult.enabled("there is a Redis");
			}
			System.out.println(
					"The tests with Redis did NOT run: there is neither a Docker engine nor redis-server. Start or install one.");
			return ConditionEvaluationResult.disabled("there is no Redis");
		}

	}

}
