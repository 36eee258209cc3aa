package dev.weir.queue;

import com.github.benmanes.caffeine.cache.Ticker;
import reactor.core.scheduler.Scheduler;

/**
 * The clock and the timers of the queues.
 *
 * @param ticker a monotonic clock in nanoseconds
 * @param timers run tasks later; at the ticker's pace
 */
public record Timing(Ticker ticker, Scheduler timers) {
}
