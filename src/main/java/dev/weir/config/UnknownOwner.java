package dev.weir.config;

/**
 * What happens to a client's request that names a stored object of which no client is
 * known.
 */
public enum UnknownOwner {

	/** The request is served: ids cannot be guessed. */
	ALLOW,

	/** The client gets 404. */
	DENY

}
