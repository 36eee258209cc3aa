package dev.weir.config;

import java.util.List;
import java.util.Objects;
import java.util.regex.Pattern;

import org.springframework.boot.context.properties.source.ConfigurationPropertyName;

/**
 * What a pool must be beyond the types and ranges of its properties.
 */
final class PoolRules {

	static final ConfigurationPropertyName POOLS = SettingTree.ROOT.append("pools");

	// lb://NAME is parsed as a URI, and NAME as its host
	private static final Pattern NAME = Pattern.compile("[a-z]([a-z0-9-]{0,61}[a-z0-9])?");

	private final Problems problems;

	private final BackendRules backendRules;

	PoolRules(Problems problems) {
		this.problems = problems;
		this.backendRules = new BackendRules(problems);
	}

	void check(WeirProperties properties) {
		properties.pools().forEach((name, pool) -> check(MapKeys.append(POOLS, name), name, pool));
	}

	private void check(ConfigurationPropertyName at, String name, PoolProperties pool) {
		if (!NAME.matcher(name).matches()) {
			this.problems.report(at, "is no name for a pool",
					"Take 1 to 63 lower-case letters, digits and hyphens, a letter first and no hyphen last, "
							+ "because routes refer to it as the host of lb://NAME.");
		}
		checkBackends(at.append("backends"), pool.backends());
		if (pool.cooldown().standard().compareTo(pool.cooldown().max()) > 0) {
			this.problems.report(at.append("cooldown.default"), "must not be longer than cooldown.max",
					"Shorten it, or raise cooldown.max (60s by default).");
		}
		new HeaderRules(this.problems).check(at.append("forward-headers"), pool.forwardHeaders(),
				pool.backends().stream().map(BackendProperties::apiKeyHeader).filter(Objects::nonNull).toList());
	}

	private void checkBackends(ConfigurationPropertyName at, List<BackendProperties> backends) {
		if (backends.isEmpty() && !this.problems.touch(at)) {
			this.problems.report(at, "must have at least one backend",
					"Add one with a name and a url, or remove the pool.");
		}
		for (int i = 0; i < backends.size(); i++) {
			this.backendRules.check(at.append("[" + i + "]"), backends.get(i));
		}
	}

}
