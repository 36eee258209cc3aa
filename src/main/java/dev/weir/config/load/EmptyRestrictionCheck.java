package dev.weir.config.load;

import java.util.Collection;
import java.util.List;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.context.properties.source.ConfigurationPropertyName;

import dev.weir.config.BackendDialect;
import dev.weir.config.BackendProperties;
import dev.weir.config.ClientProperties;
import dev.weir.config.EntraProperties;
import dev.weir.config.ModelLimitProperties;
import dev.weir.config.WeirProperties;

/**
 * Checks that properties whose absence has another meaning are not present and empty, as
 * {@code models: []} or {@code models: ${MODELS:}}: what restricts clients, which would
 * restrict nothing, and the key of an Azure backend, which would get a token instead.
 */
final class EmptyRestrictionCheck {

	private static final String CURE = "Write a value, or remove the property: without it, ";

	private final WeirSources sources;

	private final ProblemCollector problems;

	EmptyRestrictionCheck(WeirSources sources, ProblemCollector problems) {
		this.sources = sources;
		this.problems = problems;
	}

	void check(WeirProperties properties) {
		for (int i = 0; i < properties.clients().size(); i++) {
			check(SettingTree.ROOT.append("clients[" + i + "]"), properties.clients().get(i));
		}
		EntraProperties entra = properties.entra();
		if (entra != null) {
			check(SettingTree.ROOT.append("entra.audiences"), entra.audiences(),
					"tokens for Azure OpenAI are accepted.");
		}
		check(SettingTree.ROOT.append("affinity.unknown-owner"), null, "it has its default.");
		check(SettingTree.ROOT.append("max-in-flight"), null, "it has its default.");
		properties.pools().forEach((name, pool) -> {
			ConfigurationPropertyName backends = BracketNotation.append(PoolCheck.POOLS, name).append("backends");
			for (int i = 0; i < pool.backends().size(); i++) {
				BackendProperties backend = pool.backends().get(i);
				ConfigurationPropertyName at = backends.append("[" + i + "]");
				check(at.append("for"), backend.keptFor(), "the backend serves all clients.");
				if (backend.url() != null && backend.effectiveDialect() == BackendDialect.AZURE) {
					check(at.append("api-key"),
							(backend.apiKey() != null && !backend.apiKey().isEmpty()) ? backend.apiKey() : null,
							"the backend gets a Microsoft Entra ID token.");
				}
			}
		});
	}

	private void check(ConfigurationPropertyName at, ClientProperties client) {
		check(at.append("models"), client.models(), "the client may use all models.");
		check(at.append("pools"), client.pools(), "the client may use all pools.");
		check(at.append("limits"), client.limits(), "no model has a limit.");
		check(at.append("requests-per-minute"), client.requestsPerMinute(), "there is no limit.");
		check(at.append("tokens-per-minute"), client.tokensPerMinute(), "there is no limit.");
		check(at.append("tokens-per-day"), client.tokensPerDay(), "there is no limit.");
		check(at.append("max-concurrent"), client.maxConcurrent(), "there is no limit.");
		List<ModelLimitProperties> limits = client.limits();
		for (int i = 0; i < limits.size(); i++) {
			ConfigurationPropertyName limit = at.append("limits[" + i + "]");
			check(limit.append("requests-per-minute"), limits.get(i).requestsPerMinute(), "there is no limit.");
			check(limit.append("tokens-per-minute"), limits.get(i).tokensPerMinute(), "there is no limit.");
			check(limit.append("tokens-per-day"), limits.get(i).tokensPerDay(), "there is no limit.");
		}
	}

	private void check(ConfigurationPropertyName at, @Nullable Object value, String withoutIt) {
		boolean empty = (value instanceof Collection<?> list) ? list.isEmpty() && this.sources.isWritten(at)
				: value == null && this.sources.isBlank(at);
		if (empty && !this.problems.isReportedNear(at)) {
			this.problems.reportEmpty(at, CURE + withoutIt);
		}
	}

}
