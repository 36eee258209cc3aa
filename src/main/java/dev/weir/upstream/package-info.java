/**
 * Requests to backends: addresses, credentials, headers, connections and names. When they
 * are made is decided elsewhere. Start with {@link dev.weir.upstream.BackendRequest} and
 * {@link dev.weir.upstream.ConnectionConfiguration}.
 */
@NullMarked
package dev.weir.upstream;

import org.jspecify.annotations.NullMarked;
