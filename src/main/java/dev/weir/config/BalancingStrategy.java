package dev.weir.config;

/**
 * How a pool chooses among the lanes of one tier that can take a request.
 * {@link #LEAST_BUSY}, {@link #FASTEST} and {@link #MOST_HEADROOM} compare two random
 * candidates (the power of two choices): this spreads the load nearly as well as a
 * comparison of all lanes, and does not send all requests to the lane that looks best at
 * the moment.
 */
public enum BalancingStrategy {

	/** A random lane, in proportion to the weights. */
	WEIGHTED,

	/** The lane with fewer requests in flight in relation to its weight. */
	LEAST_BUSY,

	/** The lane whose recent responses began sooner. */
	FASTEST,

	/** The lane with more remaining quota in its last response. */
	MOST_HEADROOM,

	/**
	 * The lane that had the earlier turns of the same conversation, as long as its load
	 * is near its fair share. A request without a prompt is {@link #WEIGHTED}.
	 */
	CACHE_AFFINE

}
