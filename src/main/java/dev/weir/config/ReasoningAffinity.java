package dev.weir.config;

/**
 * What happens to a request with encrypted reasoning if the backend that made the
 * reasoning cannot take it.
 */
public enum ReasoningAffinity {

	/** The client gets an error that names the backend. */
	STRICT,

	/** The reasoning is left out, and another backend takes the request. */
	DROP

}
