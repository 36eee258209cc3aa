/**
 * Errors in the shape of OpenAI's API: writing Weir's own, reading those of backends. Not
 * here: which error means what for failover, and when a reply is an error. Start at
 * {@link dev.weir.openai.error.ApiError}.
 */
@NullMarked
package dev.weir.openai.error;

import org.jspecify.annotations.NullMarked;
