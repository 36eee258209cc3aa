/**
 * Chooses a lane for each attempt: load balancer, strategies, and their connection to
 * Spring Cloud LoadBalancer. What is known of lanes is in {@code backend}, and when
 * another attempt is made is decided elsewhere. Start with
 * {@link dev.weir.balance.LaneLoadBalancer}.
 */
@NullMarked
package dev.weir.balance;

import org.jspecify.annotations.NullMarked;
