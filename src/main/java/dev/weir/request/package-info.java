/**
 * What all phases of one request share: its id, and the exceptions that end it. Not here:
 * anything that only one phase needs. Start at {@link dev.weir.request.RequestId}.
 */
@NullMarked
package dev.weir.request;

import org.jspecify.annotations.NullMarked;
