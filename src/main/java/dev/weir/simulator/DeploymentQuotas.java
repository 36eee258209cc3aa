package dev.weir.simulator;

import java.time.Clock;

import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.LoadingCache;

/**
 * One quota for each deployment of a backend. Clients invent the names of deployments, so
 * those least used are forgotten when there are too many.
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
