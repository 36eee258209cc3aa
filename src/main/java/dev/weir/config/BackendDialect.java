package dev.weir.config;

import java.util.Arrays;
import java.util.Locale;

import org.jspecify.annotations.Nullable;

/**
 * How a call to a backend is written.
 */
public enum BackendDialect {

	/**
	 * Azure OpenAI: {@code /openai/deployments/{deployment}/…?api-version=} for requests
	 * that use this form, {@code /openai/v1/…} for all others.
	 */
	AZURE,

	/**
	 * OpenAI and servers compatible with it: {@code /v1/…}.
	 */
	OPENAI;

	/**
	 * Returns the dialect of a backend without a configured one.
	 * @param host the host of its URL, {@code null} if it has none
	 * @return {@code AZURE} for the hosts of Azure OpenAI in any of Azure's clouds and
	 * for those of Azure API Management, else {@code OPENAI}
	 */
	public static BackendDialect ofHost(@Nullable String host) {
		String name = (host != null) ? host.toLowerCase(Locale.ROOT) : "";
		return Arrays.stream(AzureCloud.values()).anyMatch((cloud) -> cloud.servesModelsAt(name)) ? AZURE : OPENAI;
	}

}
