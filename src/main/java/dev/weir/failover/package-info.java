/**
 * Failover: one attempt after the other, until a request has its reply. Reading
 * responses, classifying them and waiting are not here. Start with
 * {@link dev.weir.failover.Failover} and {@link dev.weir.failover.AttemptLoop}.
 */
@NullMarked
package dev.weir.failover;

import org.jspecify.annotations.NullMarked;
