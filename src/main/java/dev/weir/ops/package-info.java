/**
 * What operators see: health, {@code /actuator/backends} and metrics.
 */
@NullMarked
package dev.weir.ops;

import org.jspecify.annotations.NullMarked;
