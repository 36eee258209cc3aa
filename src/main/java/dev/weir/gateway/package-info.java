/**
 * The seam to Spring Cloud Gateway: the only package that knows its exchange attributes
 * and replaces its filters. Decisions are made elsewhere. Start with
 * {@link dev.weir.gateway.FailoverFilter} and
 * {@link dev.weir.gateway.GatewayBackendCaller}.
 */
@NullMarked
package dev.weir.gateway;

import org.jspecify.annotations.NullMarked;
