/**
 * The state of pools, backends and lanes, and the outcomes that change it. The choice of
 * a lane and the calls to backends are not here. Start with {@link dev.weir.backend.Lane}
 * and {@link dev.weir.backend.Outcome}.
 */
@NullMarked
package dev.weir.backend;

import org.jspecify.annotations.NullMarked;
