/**
 * Requests to backends: URLs, headers, connections and name resolution. When a request is
 * sent to which lane is decided in {@code failover} and {@code balance}. Start with
 * {@link dev.weir.upstream.BackendRequest} and
 * {@link dev.weir.upstream.ConnectionConfiguration}.
 */
@NullMarked
package dev.weir.upstream;

import org.jspecify.annotations.NullMarked;
