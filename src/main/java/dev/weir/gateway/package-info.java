/**
 * Integration with Spring Cloud Gateway: the only package that uses the gateway's
 * exchange attributes and replaces its filters. Decisions about lanes and outcomes belong
 * to other packages. Start with {@link dev.weir.gateway.FailoverFilter} and
 * {@link dev.weir.gateway.GatewayBackendCaller}.
 */
@NullMarked
package dev.weir.gateway;

import org.jspecify.annotations.NullMarked;
