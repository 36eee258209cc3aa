package dev.weir.config;

import java.util.Arrays;
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

	/**
	 * The dialect of a backend that does not name one.
	 * @param host the host of its URL
	 * @return {@code AZURE} for the hosts of Azure OpenAI in any of Azure's clouds and
	 * for those of Azure API Management, else {@code OPENAI}
	 */
	public static BackendDialect ofHost(@Nullable String host) {
		String name = (host != null) ? host.toLowerCase(Locale.ROOT) : "";
		return Arrays.stream(AzureCloud.values()).anyMatch((cloud) -> cloud.servesModelsAt(name)) ? AZURE : OPENAI;
	}

}
