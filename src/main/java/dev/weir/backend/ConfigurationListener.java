package dev.weir.backend;

import java.util.List;

/**
 * Follows changes of the configuration: what a reload must prepare, change or release
 * besides routes and pools. All methods are called on one thread, which may block for a
 * short time.
 */
public interface ConfigurationListener {

	/**
	 * Prepares for new pools and backends, before requests can reach them. The new
	 * configuration may still be refused.
	 * @param next the new configuration
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
