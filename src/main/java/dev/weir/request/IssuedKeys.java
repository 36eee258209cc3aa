package dev.weir.request;

import org.jspecify.annotations.Nullable;

/**
 * The keys that backends have issued to clients through Weir. Each counts as the key of
 * the client that has asked for it.
 */
@FunctionalInterface
public interface IssuedKeys {

	/**
	 * The principal that has asked for a key.
	 * @param key the key
	 * @return the {@link Client#principal()}, or {@code null} if the key is not known,
	 * has expired, or was issued while there were no clients
	 */
	@Nullable String principalOf(String key);

}
