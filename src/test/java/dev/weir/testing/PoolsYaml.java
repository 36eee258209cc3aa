package dev.weir.testing;

import java.net.URI;
import java.util.ArrayList;
import java.util.List;

/**
 * Writes the settings of one Weir with many pools. A client chooses one by the header
 * {@code x-pool}, so that it may send every path as it would to a Weir with one pool.
 */
public final class PoolsYaml {

	private final StringBuilder routes = new StringBuilder();

	private final StringBuilder pools = new StringBuilder();

	private final StringBuilder settings = new StringBuilder();

	/**
	 * Adds a setting of Weir's.
	 * @param setting the setting, such as {@code max-body: 1MB}
	 * @return this
	 */
	public PoolsYaml set(String setting) {
		this.settings.append("  ").append(setting).append('\n');
		return this;
	}

	/**
	 * Adds a pool and a route to it.
	 * @param name the pool's name
	 * @param settings the pool's settings but its backends, or empty
	 * @param backends the backends, each in YAML flow style
	 * @return this
	 */
	public PoolsYaml pool(String name, String settings, String... backends) {
		route("{id: " + name + ", uri: 'lb://" + name + "', predicates: ['Path=/**', 'Header=x-pool, ^" + name
				+ "$']}");
		return poolWithoutRoute(name, settings, backends);
	}

	/**
	 * Adds a pool.
	 * @param name the pool's name
	 * @param settings the pool's settings but its backends, or empty
	 * @param backends the backends, each in YAML flow style
	 * @return this
	 */
	public PoolsYaml poolWithoutRoute(String name, String settings, String... backends) {
		this.pools.append("    ")
			.append(name)
			.append(": {")
			.append(settings.isEmpty() ? "" : settings + ", ")
			.append("backends: [")
			.append(String.join(", ", backends))
			.append("]}\n");
		return this;
	}

	/**
	 * Adds a route.
	 * @param route the route in YAML flow style
	 * @return this
	 */
	public PoolsYaml route(String route) {
		this.routes.append("            - ").append(route).append('\n');
		return this;
	}

	/**
	 * Writes a backend.
	 * @param name its name; its key is {@code key-of-} and this
	 * @param dialect its dialect
	 * @param url its URL
	 * @param settings further settings in YAML flow style, such as {@code priority: 2}
	 * @return the YAML, in flow style
	 */
	public static String backend(String name, String dialect, URI url, String... settings) {
		return keyless(name, dialect, url, join("api-key: key-of-" + name, settings));
	}

	public static String keyless(String name, String dialect, URI url, String... settings) {
		List<String> all = new ArrayList<>(List.of("name: " + name, "url: '" + url + "'", "dialect: " + dialect));
		all.addAll(List.of(settings));
		return "{" + String.join(", ", all) + "}";
	}

	private static String[] join(String first, String... others) {
		List<String> all = new ArrayList<>(List.of(first));
		all.addAll(List.of(others));
		return all.toArray(String[]::new);
	}

	@Override
	public String toString() {
		return "spring:\n  cloud:\n    gateway:\n      server:\n        webflux:\n          routes:\n" + this.routes
				+ "weir:\n" + this.settings + "  pools:\n" + this.pools;
	}

}
