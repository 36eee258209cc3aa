package dev.weir.simulator;

import java.time.Clock;

import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.LoadingCache;

/**
 * The quotas of a backend, one for each deployment. Clients choose the names of
 * deployments, so the number is bounded: the least recently used quotas are evicted.
 */
final class DeploymentQuotas {

	private static final int MAX_DEPLOYMENTS = 1000;

	private final LoadingCache<String, TokenQuota> quotas;

	DeploymentQuotas(int tokensPerMinute, Clock clock) {
		this.quotas = Caffeine.newBuilder()
			.maximumSize(MAX_DEPLOYMENTS)
			.build((deployment) -> new TokenQuota(tokensPerMinute, clock));
	}

	Admission reserve(String deployment, long tokens) {
		return this.quotas.get(deployment).reserve(tokens);
	}

}
