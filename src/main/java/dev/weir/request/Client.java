package dev.weir.request;

import dev.weir.config.ClientProperties;
import dev.weir.config.NamePatterns;

/**
 * An application that calls Weir, known by its key. Its settings never change; after a
 * reload there is another object of the same name.
 */
public final class Client {

	private final ClientProperties properties;

	private final NamePatterns models;

	private final NamePatterns pools;

	/**
	 * Creates a client.
	 * @param properties its settings
	 */
	public Client(ClientProperties properties) {
		this.properties = properties;
		this.models = new NamePatterns(properties.models());
		this.pools = new NamePatterns(properties.pools());
	}

	/**
	 * The unique name of the client. Its state outlives a reload under this name.
	 * @return the name
	 */
	public String name() {
		return this.properties.name();
	}

	public ClientProperties properties() {
		return this.properties;
	}

	/**
	 * Whether the client may use a model.
	 * @param model the model as the client names it
	 * @return whether it may
	 */
	public boolean mayUseModel(String model) {
		return this.models.match(model);
	}

	/**
	 * Whether the client may use a pool.
	 * @param pool the name of the pool
	 * @return whether it may
	 */
	public boolean mayUsePool(String pool) {
		return this.pools.match(pool);
	}

	@Override
	public String toString() {
		return name();
	}

}
