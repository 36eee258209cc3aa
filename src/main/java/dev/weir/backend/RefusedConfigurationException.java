package dev.weir.backend;

/**
 * Thrown if a new configuration is valid but cannot be used by the running Weir.
 */
public final class RefusedConfigurationException extends RuntimeException {

	/**
	 * Creates the exception.
	 * @param message the property, the reason and the cure; without a secret
	 */
	public RefusedConfigurationException(String message) {
		super(message);
	}

}
