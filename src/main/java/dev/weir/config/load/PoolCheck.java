package dev.weir.config.load;

import java.util.List;
import java.util.Objects;
import java.util.regex.Pattern;

import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName.Form;

import dev.weir.config.BackendProperties;
import dev.weir.config.PoolProperties;
import dev.weir.config.WeirProperties;

/**
 * Checks the properties of pools beyond their types and ranges.
 */
final class PoolCheck {

	static final ConfigurationPropertyName POOLS = SettingTree.ROOT.append("pools");

	// NAME in lb://NAME is the host of a URI
	static final Pattern NAME = Pattern.compile("[a-z]([a-z0-9-]{0,61}[a-z0-9])?");

	private final ProblemCollector problems;

	private final BackendCheck backendCheck;

	PoolCheck(ProblemCollector problems) {
		this.problems = problems;
		this.backendCheck = new BackendCheck(problems);
	}

	/**
	 * Checks pools.
	 * @param properties the settings
	 * @param sources where they are written
	 */
	void check(WeirProperties properties, WeirSources sources) {
		// Spring Boot ignores a pool that has nothing but an empty list. A file with no
		// other pool may be a sample that another file replaces
		sources.emptyBranchesBeside(POOLS)
			.map((name) -> name.chop(POOLS.getNumberOfElements() + 1))
			.distinct()
			.filter((pool) -> !properties.pools().containsKey(pool.getLastElement(Form.ORIGINAL)))
			.forEach((pool) -> reportNoBackend(pool.append("backends")));
		properties.pools().forEach((name, pool) -> check(BracketNotation.append(POOLS, name), name, pool));
	}

	private void check(ConfigurationPropertyName at, String name, PoolProperties pool) {
		if (!NAME.matcher(name).matches()) {
			this.problems.report(at, "is not a valid name for a pool",
					"Use 1 to 63 lower-case letters, digits and hyphens. Start with a letter and do not end with a hyphen, "
							+ "because routes refer to the pool as the host of lb://NAME.");
		}
		checkBackends(at.append("backends"), pool.backends());
		if (pool.cooldown().defaultDuration().compareTo(pool.cooldown().max()) > 0) {
			this.problems.report(at.append("cooldown.default"), "must not be longer than cooldown.max",
					"Lower it, or raise cooldown.max (60s by default).");
		}
		new HeaderCheck(this.problems).check(at.append("forward-headers"), pool.forwardHeaders(),
				pool.backends().stream().map(BackendProperties::apiKeyHeader).filter(Objects::nonNull).toList());
	}

	private void reportNoBackend(ConfigurationPropertyName at) {
		if (!this.problems.isReportedNear(at)) {
			this.problems.report(at, "must have at least one backend",
					"Add one with a name and a url, or remove the pool.");
		}
	}

	private void checkBackends(ConfigurationPropertyName at, List<BackendProperties> backends) {
		if (backends.isEmpty()) {
			reportNoBackend(at);
		}
		for (int i = 0; i < backends.size(); i++) {
			this.backendCheck.check(at.append("[" + i + "]"), backends.get(i));
		}
	}

}
