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
 * {@code http} or {@code https} and a host, without user, query or fragment. In the
 * dialect {@code openai} a path in it is taken as it is and operations are added to it,
 * {@code /v1} stands for none; in the dialect {@code azure} it is a prefix, and a
 * trailing {@code /openai} or {@code /openai/v1} is understood
 * @param apiKey the backend's key; without one an Azure backend is called with a
 * Microsoft Entra ID token and an OpenAI-compatible server with no credential
 * @param apiKeyHeader the header that carries the key, {@code Ocp-Apim-Subscription-Key}
 * for instance; by default {@code api-key} for Azure and {@code Authorization} with
 * {@code Bearer} for all others
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
 * @param scope the Entra scope of its tokens; by default that of the Azure cloud its host
 * belongs to, {@code https://cognitiveservices.azure.com/.default} for all but those of
 * governments and China
 */
public record BackendProperties(String name, URI url, @Nullable Secret apiKey, @Nullable String apiKeyHeader,
		@DefaultValue("1") @Range(min = "1", max = "100") int priority,
		@DefaultValue("1") @Range(min = "1", max = "1000") int weight,
		@DefaultValue("100000") @Range(min = "1", max = "100000") int maxConcurrent, @Nullable BackendDialect dialect,
		@DefaultValue Map<String, String> models, @Nullable String apiVersion, @Nullable String scope) {

	public BackendProperties {
		models = Collections.unmodifiableMap(new LinkedHashMap<>(models));
		// ${API_VERSION:} of an unset variable is an empty text
		apiVersion = (apiVersion != null && !apiVersion.isBlank()) ? apiVersion : null;
	}

	/**
	 * Returns the host of its URL.
	 * @return a name or an address, possibly with underscores, an IPv6 address in
	 * brackets; empty if there is none, which no valid configuration has
	 */
	public String host() {
		ServerAddress address = ServerAddress.of(this.url);
		return (address != null) ? address.host() : "";
	}

	/**
	 * Returns the port of its URL.
	 * @return the port, -1 if the URL names none
	 */
	public int port() {
		ServerAddress address = ServerAddress.of(this.url);
		return (address != null) ? address.port() : -1;
	}

	/**
	 * Returns how the backend is called: as configured, else as its host tells.
	 * @return the dialect that counts
	 */
	public BackendDialect effectiveDialect() {
		return (this.dialect != null) ? this.dialect : BackendDialect.ofHost(host());
	}

	/**
	 * Returns the cloud whose Microsoft Entra ID issues the backend's tokens.
	 * @return the cloud of its host, else of its {@code scope}
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
	 * @return as configured, else that of its {@link #cloud()}
	 */
	public String effectiveScope() {
		return (this.scope != null) ? this.scope : cloud().scope();
	}

}
