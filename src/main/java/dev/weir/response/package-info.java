/**
 * The response of a backend to one attempt: its head, its body, and how the body begins.
 * What the client gets is not here. Start with {@link dev.weir.response.BackendResponse}
 * and {@link dev.weir.response.ResponseReader}.
 */
@NullMarked
package dev.weir.response;

import org.jspecify.annotations.NullMarked;
