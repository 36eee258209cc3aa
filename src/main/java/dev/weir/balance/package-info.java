/**
 * Choosing a lane: {@linkplain dev.weir.balance.Narrowing narrow}, then
 * {@linkplain dev.weir.balance.Strategy pick}. Starting point:
 * {@link dev.weir.balance.WeirLoadBalancerConfiguration}.
 */
@NullMarked
package dev.weir.balance;

import org.jspecify.annotations.NullMarked;
