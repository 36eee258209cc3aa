/**
 * Changes the configuration while Weir runs: notices changed files, reads and checks
 * them, and replaces routes and pools at once. What is known about backends is handed
 * over by {@code dev.weir.backend}. Start with {@link dev.weir.reload.Reload}.
 */
@NullMarked
package dev.weir.reload;

import org.jspecify.annotations.NullMarked;
