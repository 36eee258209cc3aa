package dev.weir.config;

/**
 * How a pool chooses among the lanes of one tier that may take a request. All but
 * {@link #WEIGHTED} weigh two random candidates against each other: the power of two
 * choices, which spreads nearly as well as looking at all and never sends a crowd to the
 * one that looks best.
 */
public enum BalancingStrategy {

	/** At random, in proportion to the weights. */
	WEIGHTED,

	/** The one with fewer requests in flight for its weight. */
	LEAST_BUSY,

	/** The one that has lately begun its answers sooner. */
	FASTEST,

	/** The one that last said it has more of its quota left. */
	MOST_HEADROOM

}
