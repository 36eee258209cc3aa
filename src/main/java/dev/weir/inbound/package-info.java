/**
 * Reads the request of a client, from its head to the parsed call, and writes the replies
 * that Weir makes itself: the list of models and errors. Requests to backends belong to
 * {@code upstream} and {@code gateway}. Start with
 * {@link dev.weir.inbound.ReadCallFilter}.
 */
@NullMarked
package dev.weir.inbound;

import org.jspecify.annotations.NullMarked;
