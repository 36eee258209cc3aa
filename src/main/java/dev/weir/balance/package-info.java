/**
 * Choosing a lane: {@linkplain dev.weir.balance.LaneLoadBalancer narrow}, then
 * {@linkplain dev.weir.balance.Strategy pick}. Starting point:
 * {@link dev.weir.balance.LaneLoadBalancer}.
 */
@NullMarked
package dev.weir.balance;

import org.jspecify.annotations.NullMarked;
