package dev.weir.config;

import java.net.URI;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

import org.jspecify.annotations.Nullable;

/**
 * One of Azure's clouds. Each has separate domains, token scopes and login hosts.
 */
public enum AzureCloud {

	/** The public cloud. */
	PUBLIC("azure.com", "https://login.microsoftonline.com/", "microsoft.com", "azure-api.net",
			new Logins("https://sts.windows.net/", "login.microsoftonline.com", "login.windows.net",
					"login.microsoft.com", "sts.windows.net")),

	/** The cloud for the government of the United States. */
	GOVERNMENT("azure.us", "https://login.microsoftonline.us/", "microsoft.us", "azure-api.us",
			new Logins("https://sts.windows.net/", "login.microsoftonline.us", "login.usgovcloudapi.net")),

	/** The cloud in China, operated by 21Vianet. */
	CHINA("azure.cn", "https://login.chinacloudapi.cn/", "azure.cn", "azure-api.cn",
			new Logins("https://sts.chinacloudapi.cn/", "login.partner.microsoftonline.cn", "login.chinacloudapi.cn"));

	private final String domain;

	private final String authority;

	private final List<String> modelHosts;

	private final Logins logins;

	AzureCloud(String domain, String authority, String regionalDomain, String apiManagement, Logins logins) {
		this.logins = logins;
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
	 * Returns the cloud of an address of Microsoft Entra ID.
	 * @param authority the address, with a host in any case
	 * @return the cloud, or {@code null} if the host belongs to none
	 */
	static @Nullable AzureCloud ofAuthority(URI authority) {
		String host = String.valueOf(authority.getHost()).toLowerCase(Locale.ROOT);
		return Arrays.stream(values()).filter((cloud) -> cloud.logins.hosts().contains(host)).findFirst().orElse(null);
	}

	/**
	 * Returns the issuer of tokens of the first generation, without the tenant.
	 * @return a URL with a slash at its end
	 */
	String firstIssuer() {
		return this.logins.firstIssuer();
	}

	/**
	 * Returns the issuer of tokens of the second generation, without the tenant. It is
	 * the same for all addresses of Microsoft Entra ID in this cloud.
	 * @return a URL with a slash at its end
	 */
	String secondIssuer() {
		return "https://" + this.logins.hosts().get(0) + "/";
	}

	/**
	 * Returns the audiences of tokens for models in this cloud.
	 * @return URLs without a slash at their ends
	 */
	List<String> audiences() {
		return List.of("https://cognitiveservices." + this.domain, "https://ai." + this.domain);
	}

	/**
	 * Returns the address of Microsoft Entra ID in this cloud.
	 * @return an https URL
	 */
	public String authority() {
		return this.authority;
	}

	/**
	 * Where tokens of a cloud come from (Microsoft Entra ID, "National clouds").
	 *
	 * @param firstIssuer the issuer of tokens of the first generation
	 * @param hosts the hosts of Microsoft Entra ID, that of the second generation's
	 * issuer first
	 */
	private record Logins(String firstIssuer, List<String> hosts) {

		Logins(String firstIssuer, String... hosts) {
			this(firstIssuer, List.of(hosts));
		}

	}

}
