package dev.weir.request;

import org.jspecify.annotations.Nullable;

import dev.weir.config.ClientPriority;
import dev.weir.config.ClientProperties;
import dev.weir.config.NamePatterns;

/**
 * An application that calls Weir, known by its key or token. Its settings never change;
 * after a reload there is another object of the same name.
 */
public final class Client {

	/** Names of settings have no slash. */
	private static final char MEMBER = '/';

	private final String name;

	private final String principal;

	private final ClientProperties properties;

	private final NamePatterns models;

	private final NamePatterns pools;

	private final boolean forSessionsOnly;

	/**
	 * Creates a client.
	 * @param properties its settings
	 */
	public Client(ClientProperties properties) {
		this.name = properties.name();
		this.principal = properties.name();
		this.properties = properties;
		this.models = new NamePatterns(properties.models());
		this.pools = new NamePatterns(properties.pools());
		this.forSessionsOnly = false;
	}

	private Client(Client settings, String name, String principal, boolean forSessionsOnly) {
		this.name = name;
		this.principal = principal;
		this.properties = settings.properties;
		this.models = settings.models;
		this.pools = settings.pools;
		this.forSessionsOnly = forSessionsOnly;
	}

	/**
	 * Another client with the same settings, whose state is separate.
	 * @param id identifies it among the clients with these settings
	 * @return a client whose name has the name of the settings, a slash and the id
	 */
	public Client member(String id) {
		String member = this.properties.name() + MEMBER + id;
		return new Client(this, member, member, this.forSessionsOnly);
	}

	/**
	 * The same client, used by one of its users, whose stored objects are separate from
	 * those of its other users.
	 * @param user identifies the user
	 * @return a client of the same name with another {@link #principal()}
	 */
	public Client usedBy(String user) {
		return new Client(this, this.name, this.name + MEMBER + user, this.forSessionsOnly);
	}

	/**
	 * The same client, known by an ephemeral key, which it may have given to a browser.
	 * @return a client that may open realtime sessions only
	 */
	public Client forSessionsOnly() {
		return new Client(this, this.name, this.principal, true);
	}

	/**
	 * Whether the client may open realtime sessions only.
	 * @return whether its key is an ephemeral one
	 */
	public boolean isForSessionsOnly() {
		return this.forSessionsOnly;
	}

	/**
	 * The unique name of the client. Its state outlives a reload under this name.
	 * @return the name, that of the settings unless it is a {@linkplain #member member}
	 */
	public String name() {
		return this.name;
	}

	/**
	 * The principal to which the stored objects belong that the client makes.
	 * @return the name of the client; if it is {@linkplain #usedBy used by} one of
	 * several users, with a slash and the user
	 */
	public String principal() {
		return this.principal;
	}

	public ClientProperties properties() {
		return this.properties;
	}

	/**
	 * The priority of a request.
	 * @param client its client, or {@code null} if no clients are configured
	 * @return the priority of the client, that of most clients if there is none
	 */
	public static ClientPriority priorityOf(@Nullable Client client) {
		return (client != null) ? client.properties.priority() : ClientPriority.NORMAL;
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
	 * Whether the client may use some models only.
	 * @return whether there are models that it may not use
	 */
	public boolean isRestrictedToModels() {
		return !this.properties.models().isEmpty();
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
