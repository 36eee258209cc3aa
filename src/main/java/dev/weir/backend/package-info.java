/**
 * Pools, their backends and lanes, and what is known about each of them. Starting points:
 * {@link dev.weir.backend.Pools}, {@link dev.weir.backend.Lane} and
 * {@link dev.weir.backend.Outcome}.
 */
@NullMarked
package dev.weir.backend;

import org.jspecify.annotations.NullMarked;
