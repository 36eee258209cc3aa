package dev.weir.backend;

import java.net.URI;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

import org.jspecify.annotations.Nullable;

import dev.weir.config.WeirProperties;

/**
 * One configuration: its settings and its pools. It never changes, so a request that
 * keeps it sees one configuration from its beginning to its end.
 */
public final class PoolSet {

	private final WeirProperties properties;

	private final Map<String, Pool> pools;

	PoolSet(WeirProperties properties, Map<String, Pool> pools) {
		this.properties = properties;
		this.pools = Collections.unmodifiableMap(new LinkedHashMap<>(pools));
	}

	public WeirProperties properties() {
		return this.properties;
	}

	public Collection<Pool> all() {
		return this.pools.values();
	}

	/**
	 * A pool by its name.
	 * @param name the name
	 * @return the pool, or {@code null} if there is none of that name
	 */
	public @Nullable Pool get(String name) {
		return this.pools.get(name);
	}

	/**
	 * The pool of a route's URI.
	 * @param uri the URI, {@code lb://NAME} for a pool
	 * @return the pool, or {@code null} if the URI is not that of a pool
	 */
	public @Nullable Pool of(@Nullable URI uri) {
		return (uri != null && "lb".equals(uri.getScheme()) && uri.getHost() != null) ? get(uri.getHost()) : null;
	}

}
