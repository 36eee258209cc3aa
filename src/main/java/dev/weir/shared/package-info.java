/**
 * State that several Weirs share through Redis, with {@code weir.state: redis}:
 * cooldowns, limits of clients, owners of stored objects. What is shared is defined in
 * the packages that own it; here is how it travels. Start with
 * {@link dev.weir.shared.RedisLink}.
 */
@NullMarked
package dev.weir.shared;

import org.jspecify.annotations.NullMarked;
