/**
 * The request of a client, from its head to the parsed call, and replies of Weir itself:
 * the models list and errors. Backends are not here. Start with
 * {@link dev.weir.inbound.ReadCallFilter}.
 */
@NullMarked
package dev.weir.inbound;

import org.jspecify.annotations.NullMarked;
