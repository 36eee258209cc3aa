package dev.weir.config;

/**
 * Where limits, cooldowns and the owners of stored objects are kept.
 */
public enum StateStore {

	/** In the memory of each Weir. */
	MEMORY,

	/** In the memory of each Weir, and shared through Redis. */
	REDIS

}
