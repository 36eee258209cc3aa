/**
 * The state of one request, from its head to the end of its reply, and the listeners of
 * its events. The choice of lanes and the classification of outcomes belong to
 * {@code balance}, {@code failover} and {@code classify}. Start with
 * {@link dev.weir.request.RequestContext}.
 */
@NullMarked
package dev.weir.request;

import org.jspecify.annotations.NullMarked;
