/**
 * Which backend owns a stored object, and the restriction of a request to that backend.
 * The choice among its lanes belongs to {@code balance}, ids in bodies and paths to
 * {@code openai}. Start with {@link dev.weir.affinity.ObjectOwners}.
 */
@NullMarked
package dev.weir.affinity;

import org.jspecify.annotations.NullMarked;
