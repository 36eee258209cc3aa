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

	private static final List<String> AZURE_DOMAINS = List.of(".azure.com", ".azure.us", ".azure.cn", ".azure-api.net");

	/**
	 * The dialect of a backend that does not name one.
	 * @param host the host of its URL
	 * @return {@code AZURE} for hosts of Azure in any of its clouds and for those of
	 * Azure API Management, else {@code OPENAI}
	 */
	public static BackendDialect ofHost(@Nullable String host) {
		String name = (host != null) ? host.toLowerCase(Locale.ROOT) : "";
		return AZURE_DOMAINS.stream().anyMatch(name::endsWith) ? AZURE : OPENAI;
	}

}
