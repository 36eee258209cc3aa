/**
 * Errors in the shape of OpenAI's API: writing Weir's errors, reading those of backends.
 * Not here: the decisions that follow from an error. Start at
 * {@link dev.weir.openai.error.ApiError}.
 */
@NullMarked
package dev.weir.openai.error;

import org.jspecify.annotations.NullMarked;
