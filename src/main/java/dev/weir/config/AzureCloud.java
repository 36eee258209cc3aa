package dev.weir.config;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;

import org.jspecify.annotations.Nullable;

/**
 * One of Azure's clouds. Each has separate domains, token scopes and login hosts.
 */
public enum AzureCloud {

	/** The public cloud. */
	PUBLIC("azure.com", "https://login.microsoftonline.com/", "microsoft.com", "azure-api.net"),

	/** The cloud for the government of the United States. */
	GOVERNMENT("azure.us", "https://login.microsoftonline.us/", "microsoft.us", "azure-api.us"),

	/** The cloud in China, operated by 21Vianet. */
	CHINA("azure.cn", "https://login.chinacloudapi.cn/", "azure.cn", "azure-api.cn");

	private final String domain;

	private final String authority;

	private final List<String> modelHosts;

	AzureCloud(String domain, String authority, String regionalDomain, String apiManagement) {
		this.domain = domain;
		this.authority = authority;
		// virtual machines have names in the same domain, so the domain alone does not
		// suffice
		this.modelHosts = List.of(".openai." + domain, ".services.ai." + domain, ".cognitiveservices." + domain,
				".api.cognitive." + regionalDomain, "." + apiManagement);
	}

	/**
	 * Returns the cloud that a host belongs to.
	 * @param host the name of a host in any case, or {@code null} if there is none
	 * @return the cloud, {@link #PUBLIC} if the host belongs to none
	 */
	public static AzureCloud ofHost(@Nullable String host) {
		String name = (host != null) ? host.toLowerCase(Locale.ROOT) : "";
		return Arrays.stream(values())
			.filter((cloud) -> name.endsWith("." + cloud.domain) || cloud.servesModelsAt(name))
			.findFirst()
			.orElse(PUBLIC);
	}

	boolean servesModelsAt(String host) {
		return this.modelHosts.stream().anyMatch(host::endsWith);
	}

	/**
	 * Returns the Microsoft Entra ID scope of tokens for Azure OpenAI in this cloud.
	 * @return the scope, {@code https://cognitiveservices.azure.com/.default} for
	 * instance
	 */
	public String scope() {
		return "https://cognitiveservices." + this.domain + "/.default";
	}

	/**
	 * Returns the address of Microsoft Entra ID in this cloud.
	 * @return an https URL
	 */
	public String authority() {
		return this.authority;
	}

}
