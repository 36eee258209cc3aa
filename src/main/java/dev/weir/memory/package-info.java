/**
 * The bounds of what Weir holds in memory for clients and backends that are slower than
 * their peers.
 */
@NullMarked
package dev.weir.memory;

import org.jspecify.annotations.NullMarked;
