package dev.weir.failover;

import java.time.InstantSource;

import com.github.benmanes.caffeine.cache.Ticker;
import reactor.core.scheduler.Scheduler;

/**
 * What time is told by.
 *
 * @param ticker a monotonic clock in nanoseconds, for durations
 * @param clock the wall clock, for delays that backends give as a date
 * @param timers what waits; it must run at the ticker's pace
 */
record Timing(Ticker ticker, InstantSource clock, Scheduler timers) {
}
