package dev.weir.config.load;

import java.util.regex.Pattern;

import org.springframework.boot.context.properties.source.ConfigurationPropertyName;

import dev.weir.config.RedisStateProperties;

/**
 * Checks how Weir uses Redis. Spring Boot checks the properties of the connection.
 */
final class RedisCheck {

	private static final ConfigurationPropertyName KEY_PREFIX = SettingTree.ROOT.append("redis.key-prefix");

	// braces would decide on which server of a cluster all keys are
	private static final Pattern PREFIX = Pattern.compile("[A-Za-z0-9._-]{1,63}");

	private final ProblemCollector problems;

	RedisCheck(ProblemCollector problems) {
		this.problems = problems;
	}

	void check(RedisStateProperties redis) {
		if (redis.keyPrefix() != null && !PREFIX.matcher(redis.keyPrefix()).matches()) {
			this.problems.report(KEY_PREFIX, "must have 1 to 63 letters, digits, hyphens, underscores and dots",
					"Change the prefix, or remove it for the default, weir.");
		}
	}

}
