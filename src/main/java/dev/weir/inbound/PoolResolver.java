package dev.weir.inbound;

import org.jspecify.annotations.Nullable;

import org.springframework.web.server.ServerWebExchange;

import dev.weir.backend.Pool;

/**
 * Finds the pool that a request goes to. The user's filters may have changed that of the
 * route.
 */
@FunctionalInterface
public interface PoolResolver {

	/**
	 * Finds the pool.
	 * @param exchange the request, whose route is known
	 * @return the pool, or {@code null} if the request goes to none
	 */
	@Nullable Pool resolve(ServerWebExchange exchange);

}
