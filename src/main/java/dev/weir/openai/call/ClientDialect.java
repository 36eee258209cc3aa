package dev.weir.openai.call;

/**
 * The form in which a client writes paths and queries.
 */
public enum ClientDialect {

	/** {@code /openai/…?api-version=}, with or without {@code /deployments/{model}}. */
	AZURE("/openai/"),

	/** {@code /openai/v1/…}. */
	AZURE_V1("/openai/v1/"),

	/** {@code /v1/…}. */
	OPENAI("/v1/"),

	/** {@code /…}, from applications that are configured with a URL without a path. */
	ROOT("/");

	private final String prefix;

	ClientDialect(String prefix) {
		this.prefix = prefix;
	}

	/**
	 * The start of its paths.
	 * @return the prefix, with a slash at both ends
	 */
	public String prefix() {
		return this.prefix;
	}

}
