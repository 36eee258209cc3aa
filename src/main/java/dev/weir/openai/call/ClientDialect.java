package dev.weir.openai.call;

/**
 * How a client writes a call.
 */
public enum ClientDialect {

	/** {@code /openai/…?api-version=}, with or without {@code /deployments/{model}}. */
	AZURE("/openai/"),

	/** {@code /openai/v1/…}. */
	AZURE_V1("/openai/v1/"),

	/** {@code /v1/…}. */
	OPENAI("/v1/"),

	/** {@code /…} at the root, as chat applications write it that take a bare URL. */
	ROOT("/");

	private final String prefix;

	ClientDialect(String prefix) {
		this.prefix = prefix;
	}

	/**
	 * What its paths begin with.
	 * @return the prefix, slashes at both ends
	 */
	public String prefix() {
		return this.prefix;
	}

}
