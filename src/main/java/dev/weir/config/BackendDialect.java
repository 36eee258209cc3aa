package dev.weir.config;

import java.util.List;
import java.util.Locale;

import org.jspecify.annotations.Nullable;

/**
 * How a backend wants to be spoken to.
 */
public enum BackendDialect {

	/**
	 * Azure OpenAI: {@code /openai/deployments/{deployment}/…?api-version=} for calls
	 * that came in that form, {@code /openai/v1/…} for all others.
	 */
	AZURE,

	/**
	 * OpenAI and servers compatible with it: {@code /v1/…}.
	 */
	OPENAI;

	// not all of azure.com: virtual machines have names below it too
	private static final List<String> AZURE_DOMAINS = List.of(".openai.azure.com", ".services.ai.azure.com",
			".cognitiveservices.azure.com", ".azure-api.net", ".openai.azure.us", ".cognitiveservices.azure.us",
			".openai.azure.cn", ".cognitiveservices.azure.cn");

	/**
	 * The dialect of a backend that does not name one.
	 * @param host the host of its URL
	 * @return {@code AZURE} for the hosts of Azure OpenAI in any of Azure's clouds and
	 * for those of Azure API Management, else {@code OPENAI}
	 */
	public static BackendDialect ofHost(@Nullable String host) {
		String name = (host != null) ? host.toLowerCase(Locale.ROOT) : "";
		return AZURE_DOMAINS.stream().anyMatch(name::endsWith) ? AZURE : OPENAI;
	}

}
