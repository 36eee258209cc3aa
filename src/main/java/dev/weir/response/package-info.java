/**
 * The response of a backend to one attempt: its head, its body, and how the body begins.
 * The reply to the client is not here. Start with
 * {@link dev.weir.response.BackendResponse} and {@link dev.weir.response.ResponseReader}.
 */
@NullMarked
package dev.weir.response;

import org.jspecify.annotations.NullMarked;
