package dev.weir.config;

/**
 * Gives access to the current settings. Call {@link #current()} for each request and do
 * not keep the result, because a reload replaces it.
 */
public final class LiveConfiguration {

	private volatile WeirProperties current;

	/**
	 * Creates the holder.
	 * @param properties valid settings
	 */
	public LiveConfiguration(WeirProperties properties) {
		this.current = properties;
	}

	/**
	 * Returns the current settings.
	 * @return complete and valid settings
	 */
	public WeirProperties current() {
		return this.current;
	}

	/**
	 * Replaces the settings.
	 * @param next complete and valid settings
	 */
	public void apply(WeirProperties next) {
		this.current = next;
	}

}
