package dev.weir.config;

import java.net.URI;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * One Azure OpenAI resource, or one OpenAI-compatible server.
 *
 * @param name what the backend is called in logs, headers, health and metrics; unique
 * over all pools, 1 to 63 letters, digits, hyphens and underscores
 * @param url where the backend is, {@code https://my-east.openai.azure.com} for instance:
 * {@code http} or {@code https} and a host, without user, query or fragment; a path in it
 * is kept as a prefix, a trailing {@code /openai}, {@code /openai/v1} or {@code /v1} is
 * understood
 * @param apiKey the backend's key; without one an Azure backend is called with a
 * Microsoft Entra ID token and an OpenAI-compatible server with no credential
 * @param priority its tier, 1 to 100, 1 by default: 1 is served first, a higher number
 * takes over when no lower one is free
 * @param weight its share of the requests inside its tier, 1 to 1000, 1 by default
 * @param maxConcurrent how many requests may be in flight on it, 1 to 100000, which is
 * the default; with more the backend counts as full, not as failed
 * @param dialect how the backend wants to be spoken to; by default {@code azure} for
 * hosts of Azure, else {@code openai}
 * @param models the models it serves, each with the name of its deployment there;
 * {@code *} stands for every model not named. Both have at most 256 characters, and the
 * deployments of an Azure backend no slash. Without any it serves every model under the
 * same name
 * @param apiVersion the {@code api-version} of calls in Azure's classic dialect; by
 * default the caller's. A date, possibly followed by {@code -preview}
 * @param scope the Entra scope of its tokens,
 * {@code https://cognitiveservices.azure.com/.default} by default
 */
public record BackendProperties(String name, URI url, @Nullable Secret apiKey,
		@DefaultValue("1") @Range(min = "1", max = "100") int priority,
		@DefaultValue("1") @Range(min = "1", max = "1000") int weight,
		@DefaultValue("100000") @Range(min = "1", max = "100000") int maxConcurrent, @Nullable BackendDialect dialect,
		@DefaultValue Map<String, String> models, @Nullable String apiVersion,
		@DefaultValue("https://cognitiveservices.azure.com/.default") String scope) {

	public BackendProperties {
		models = Collections.unmodifiableMap(new LinkedHashMap<>(models));
		// ${API_VERSION:} of an unset variable is an empty text
		apiVersion = (apiVersion != null && !apiVersion.isBlank()) ? apiVersion : null;
	}

}
