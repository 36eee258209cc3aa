/**
 * What clients and backends say to each other: request bodies, error bodies, paths,
 * events of streams. Pure: no web framework, no input or output, and nothing else of
 * Weir. {@link dev.weir.api.RequestBody} is the starting point.
 */
@NullMarked
package dev.weir.api;

import org.jspecify.annotations.NullMarked;
