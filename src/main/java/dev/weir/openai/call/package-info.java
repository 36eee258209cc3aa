/**
 * The target of a call: path, query, operation, dialect, and its form on a backend. Not
 * here: request bodies, headers and sending. Start at
 * {@link dev.weir.openai.call.ApiPath}.
 */
@NullMarked
package dev.weir.openai.call;

import org.jspecify.annotations.NullMarked;
