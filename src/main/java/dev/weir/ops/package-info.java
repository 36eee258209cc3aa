/**
 * The operator's view: health, {@code /actuator/backends} and metrics. It reads the state
 * of backends and never changes it; log lines of requests are written where they arise.
 * Start with {@link dev.weir.ops.BackendState}.
 */
@NullMarked
package dev.weir.ops;

import org.jspecify.annotations.NullMarked;
