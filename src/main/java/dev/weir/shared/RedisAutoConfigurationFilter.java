package dev.weir.shared;

import java.util.List;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.autoconfigure.AutoConfigurationImportFilter;
import org.springframework.boot.autoconfigure.AutoConfigurationMetadata;
import org.springframework.context.EnvironmentAware;
import org.springframework.core.env.Environment;

/**
 * Removes the auto-configurations of Spring Data Redis unless Weir uses Redis: without it
 * a Weir has no connection, no bean and no class of Redis. Those of Spring Data and of
 * transactions, which come with it, are never needed.
 */
final class RedisAutoConfigurationFilter implements AutoConfigurationImportFilter, EnvironmentAware {

	private static final String BOOT = "org.springframework.boot.";

	private static final String REDIS = BOOT + "data.redis.";

	private static final List<String> UNUSED = List.of(BOOT + "data.autoconfigure.", BOOT + "transaction.",
			BOOT + "persistence.", REDIS + "autoconfigure.DataRedisRepositories");

	private boolean usesRedis;

	@Override
	public void setEnvironment(Environment environment) {
		this.usesRedis = "redis".equalsIgnoreCase(environment.getProperty("weir.state", "").strip());
	}

	@Override
	public boolean[] match(@Nullable String[] names, AutoConfigurationMetadata metadata) {
		boolean[] matches = new boolean[names.length];
		for (int i = 0; i < names.length; i++) {
			String name = names[i];
			matches[i] = name == null
					|| (UNUSED.stream().noneMatch(name::startsWith) && (this.usesRedis || !name.startsWith(REDIS)));
		}
		return matches;
	}

}
