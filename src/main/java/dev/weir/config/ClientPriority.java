package dev.weir.config;

/**
 * How a client is served where requests wait for a backend. Of the tokens that are served
 * while requests of all priorities wait, each priority gets a share in proportion to its
 * {@link #weight()}, however many clients it has. See docs/queue.md#clients.
 */
public enum ClientPriority {

	/** Served before all others: 100 of 111 tokens. */
	HIGH(100),

	/** Ten of 111 tokens. */
	NORMAL(10),

	/** Gives way to all others, but gets one of 111 tokens. */
	LOW(1);

	private final int weight;

	ClientPriority(int weight) {
		this.weight = weight;
	}

	/**
	 * The share of the priority in relation to the others.
	 * @return 1 or more
	 */
	public int weight() {
		return this.weight;
	}

}
