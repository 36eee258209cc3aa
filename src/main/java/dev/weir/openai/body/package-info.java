/**
 * Request bodies: finding the model in them, replacing it, and removing a compression.
 * Not here: paths, and anything that a backend sends. Start at
 * {@link dev.weir.openai.body.RequestBody}.
 */
@NullMarked
package dev.weir.openai.body;

import org.jspecify.annotations.NullMarked;
