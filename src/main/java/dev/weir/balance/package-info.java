/**
 * Chooses a lane for each attempt: load balancer, strategies, and their connection to
 * Spring Cloud LoadBalancer. The state of lanes is in {@code backend}; {@code failover}
 * decides whether another attempt is made. Start with
 * {@link dev.weir.balance.LaneLoadBalancer}.
 */
@NullMarked
package dev.weir.balance;

import org.jspecify.annotations.NullMarked;
