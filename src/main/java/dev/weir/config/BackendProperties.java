package dev.weir.config;

import java.net.URI;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.context.properties.ConfigurationPropertiesSource;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.boot.context.properties.bind.Name;

/**
 * One Azure OpenAI resource, or one OpenAI-compatible server.
 *
 * @param name Name of the backend in logs, headers, health and metrics: 1 to 63 letters,
 * digits, hyphens and underscores, unique in all pools.
 * @param url Base URL of the backend: http or https and a host, without user, query or
 * fragment. The meaning of its path is in docs/configuration.md#urls-of-backends.
 * @param apiKey Key of the backend. Write a reference such as ${OPENAI1_KEY}, not the key
 * itself. Without a key, an Azure backend gets a Microsoft Entra ID token, over https
 * only, and an OpenAI-compatible server gets no credential.
 * @param apiKeyHeader Header that carries the key. By default api-key for azure, and
 * Authorization with Bearer for openai. Azure API Management expects
 * Ocp-Apim-Subscription-Key.
 * @param priority Tier of the backend. Tier 1 is used first. A tier with a higher number
 * takes over when no lane of the tiers with lower numbers is free.
 * @param weight Share of the requests within the tier. Its effect under load depends on
 * the strategy: see docs/failover.md#strategies.
 * @param maxConcurrent Largest number of requests in flight on the backend, all models
 * together. At this number the backend counts as full, not as failed: see
 * docs/failover.md#max-concurrent.
 * @param dialect How calls to the backend are written. By default azure for hosts of
 * Azure and Azure API Management, and openai for all others.
 * @param models Models that the backend serves, each with the name of its deployment
 * there. The model * means every model that is not listed. Names have at most 256
 * characters, and deployments of an Azure backend have no slash. By default the backend
 * serves every model under its own name.
 * @param apiVersion The api-version of calls in Azure's classic dialect: a date such as
 * 2024-10-21, or 2025-01-01-preview. By default the client's.
 * @param scope Microsoft Entra ID scope of the backend's tokens. By default that of the
 * host's Azure cloud: https://cognitiveservices.azure.com/.default, or the same with
 * azure.us (US government) or azure.cn (China).
 * @param keptFor Priorities of the clients that the backend is kept for, such as [high].
 * By default all. See docs/queue.md#backends-for-some-clients.
 */
@ConfigurationPropertiesSource
public record BackendProperties(String name, URI url, @Nullable Secret apiKey, @Nullable String apiKeyHeader,
		@DefaultValue("1") @Range(min = "1", max = "100") int priority,
		@DefaultValue("1") @Range(min = "1", max = "1000") int weight,
		@DefaultValue("100000") @Range(min = "1", max = "100000") int maxConcurrent, @Nullable BackendDialect dialect,
		@DefaultValue Map<String, String> models, @Nullable String apiVersion, @Nullable String scope,
		@Name("for") @DefaultValue Set<ClientPriority> keptFor) {

	/** The default of {@code max-concurrent}, more than a backend ever gets. */
	public static final int UNLIMITED = 100_000;

	public BackendProperties {
		models = Collections.unmodifiableMap(new LinkedHashMap<>(models));
		// an empty text is bound to null
		keptFor = Collections.unmodifiableSet(new TreeSet<>(keptFor.stream().filter(Objects::nonNull).toList()));
		// ${API_VERSION:} is an empty text if the variable is not set
		apiVersion = (apiVersion != null && !apiVersion.isBlank()) ? apiVersion : null;
	}

	/**
	 * Whether the backend may be used for clients of a priority.
	 * @param priority the priority
	 * @return whether it is kept for none or for these
	 */
	public boolean isFor(ClientPriority priority) {
		return this.keptFor.isEmpty() || this.keptFor.contains(priority);
	}

	/**
	 * Returns the host of the URL.
	 * @return a name, possibly with underscores, or an address, IPv6 in brackets; empty
	 * if the URL has no host, which a valid configuration excludes
	 */
	public String host() {
		ServerAddress address = ServerAddress.of(this.url);
		return (address != null) ? address.host() : "";
	}

	/**
	 * Returns the port of the URL.
	 * @return the port, -1 if the URL has none
	 */
	public int port() {
		ServerAddress address = ServerAddress.of(this.url);
		return (address != null) ? address.port() : -1;
	}

	/**
	 * Returns the dialect of the backend.
	 * @return as configured, or else the default for its host
	 */
	public BackendDialect effectiveDialect() {
		return (this.dialect != null) ? this.dialect : BackendDialect.ofHost(host());
	}

	/**
	 * Returns the cloud whose Microsoft Entra ID issues the backend's tokens.
	 * @return the cloud of its host, or else of its {@code scope}
	 */
	public AzureCloud cloud() {
		AzureCloud cloud = AzureCloud.ofHost(host());
		if (cloud != AzureCloud.PUBLIC || this.scope == null) {
			return cloud;
		}
		ServerAddress audience = ServerAddress.of(URI.create(this.scope));
		return AzureCloud.ofHost((audience != null) ? audience.host() : null);
	}

	/**
	 * Returns the scope of the backend's Microsoft Entra ID tokens.
	 * @return as configured, or else the default of its {@link #cloud()}
	 */
	public String effectiveScope() {
		return (this.scope != null) ? this.scope : cloud().scope();
	}

	/**
	 * Whether requests to the backend carry the same credential as with other settings.
	 * @param other the other settings
	 * @return whether key, header and scope are the same
	 */
	public boolean hasCredentialOf(BackendProperties other) {
		return Objects.equals(this.apiKey, other.apiKey) && Objects.equals(this.apiKeyHeader, other.apiKeyHeader)
				&& Objects.equals(this.scope, other.scope);
	}

}
