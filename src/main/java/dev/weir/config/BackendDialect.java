package dev.weir.config;

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
	OPENAI

}
