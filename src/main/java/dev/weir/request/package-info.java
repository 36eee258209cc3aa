/**
 * One request of a client, from its head to the end of its reply, and what listens to it.
 * How lanes are chosen, called and judged is not here. Start with
 * {@link dev.weir.request.RequestContext}.
 */
@NullMarked
package dev.weir.request;

import org.jspecify.annotations.NullMarked;
