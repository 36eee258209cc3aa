package dev.weir.config;

import java.net.URI;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.context.properties.ConfigurationPropertiesSource;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Clients that send a token of Microsoft Entra ID in place of a key. See
 * docs/clients.md#microsoft-entra-id.
 *
 * @param tenant Id of the tenant whose tokens are accepted, a GUID.
 * @param audiences Audiences of accepted tokens, each also with or without a slash at its
 * end. By default those of Azure OpenAI: https://cognitiveservices.azure.com and
 * https://ai.azure.com, or the same of the cloud that authority belongs to.
 * @param authority Address of Microsoft Entra ID, such as
 * https://login.microsoftonline.us for the cloud of the government of the United States.
 * @param others Name of the entry of clients whose settings apply to each caller of the
 * tenant that no entry names. Without it, only callers that an entry names may call.
 */
@ConfigurationPropertiesSource
public record EntraProperties(String tenant, @DefaultValue List<String> audiences,
		@DefaultValue("https://login.microsoftonline.com") URI authority, @Nullable String others) {

	public EntraProperties {
		audiences = List.copyOf(audiences);
	}

	/**
	 * The audiences of accepted tokens.
	 * @return the audiences without a slash at their ends
	 */
	public Set<String> acceptedAudiences() {
		Set<String> accepted = new LinkedHashSet<>();
		(this.audiences.isEmpty() ? cloud().audiences() : this.audiences)
			.forEach((audience) -> accepted.add(withoutSlash(audience.strip())));
		return accepted;
	}

	/**
	 * The issuers of accepted tokens, of both generations.
	 * @return the issuers, as tokens have them
	 */
	public Set<String> issuers() {
		Set<String> issuers = new LinkedHashSet<>();
		issuers.add(cloud().firstIssuer() + tenantId() + "/");
		if (AzureCloud.ofAuthority(this.authority) != null) {
			issuers.add(cloud().secondIssuer() + tenantId() + "/v2.0");
		}
		issuers.add(base() + tenantId() + "/v2.0");
		return issuers;
	}

	/**
	 * Where the keys of both generations of tokens can be read.
	 * @return the URL of a JSON Web Key Set
	 */
	public URI keysUrl() {
		return URI.create(base() + tenantId() + "/discovery/v2.0/keys");
	}

	/**
	 * The tenant as tokens have it.
	 * @return a GUID in lower case
	 */
	public String tenantId() {
		return this.tenant.strip().toLowerCase(Locale.ROOT);
	}

	private AzureCloud cloud() {
		AzureCloud cloud = AzureCloud.ofAuthority(this.authority);
		return (cloud != null) ? cloud : AzureCloud.PUBLIC;
	}

	private String base() {
		return withoutSlash(this.authority.toString()) + "/";
	}

	/**
	 * Removes a slash at the end.
	 * @param url the text
	 * @return the text without it
	 */
	public static String withoutSlash(String url) {
		return url.endsWith("/") ? url.substring(0, url.length() - 1) : url;
	}

}
