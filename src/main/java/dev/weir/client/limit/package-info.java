/**
 * How much each client may use: requests and tokens in windows of the clock, and requests
 * at once. Who the client is, and which models it may use, is decided elsewhere. Start
 * with {@link dev.weir.client.limit.ClientQuotas}.
 */
@NullMarked
package dev.weir.client.limit;

import org.jspecify.annotations.NullMarked;
