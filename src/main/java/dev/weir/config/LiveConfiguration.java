package dev.weir.config;

/**
 * The settings that are in force. Ask for them anew with each request, and do not keep
 * them: they are a different object after a reload.
 */
public final class LiveConfiguration {

	private final WeirProperties current;

	/**
	 * Puts settings in force.
	 * @param properties valid settings
	 */
	public LiveConfiguration(WeirProperties properties) {
		this.current = properties;
	}

	/**
	 * Returns the settings in force.
	 * @return complete and valid settings
	 */
	public WeirProperties current() {
		return this.current;
	}

}
