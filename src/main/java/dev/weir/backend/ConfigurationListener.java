package dev.weir.backend;

import java.util.List;

/**
 * Takes part in changes of the configuration: prepares, changes or releases something
 * besides routes and pools. The methods are never called at the same time, and not on an
 * event loop.
 */
public interface ConfigurationListener {

	/**
	 * Prepares for new pools and backends, before requests can reach them. The new
	 * configuration may still be refused.
	 * @param next the new configuration
	 * @throws RefusedConfigurationException if the running Weir cannot use it
	 */
	default void prepare(PoolSet next) {
	}

	/**
	 * Follows a new configuration, which new requests have already.
	 * @param current the new configuration
	 */
	default void onApplied(PoolSet current) {
	}

	/**
	 * Releases what belongs to removed backends and pools. Called regularly, usually
	 * without any backend.
	 * @param gone the removed backends whose last attempt has ended
	 * @param current the current configuration
	 */
	default void onRemoved(List<BackendCondition> gone, PoolSet current) {
	}

}
