package dev.weir.inbound;

import org.jspecify.annotations.Nullable;

import org.springframework.web.server.ServerWebExchange;

import dev.weir.backend.Pool;

/**
 * Finds the pool of a request. The user's filters may have changed the pool that the
 * route names.
 */
@FunctionalInterface
public interface PoolResolver {

	/**
	 * Finds the pool.
	 * @param exchange the request, whose route is known
	 * @return the pool, or {@code null} if the request does not go to a pool
	 */
	@Nullable Pool resolve(ServerWebExchange exchange);

}
