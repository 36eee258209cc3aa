/**
 * The objects that a backend stores, such as files and responses: their kinds, and where
 * bodies name them. Not here: paths, and which backend owns an object. Start with
 * {@link dev.weir.openai.stored.StoredObject}.
 */
@NullMarked
package dev.weir.openai.stored;

import org.jspecify.annotations.NullMarked;
