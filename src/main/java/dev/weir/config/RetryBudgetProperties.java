package dev.weir.config;

import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * How many failed attempts a pool may try again on another backend, so that retries never
 * multiply an outage. A 429 is free of it: the lane that said so rests anyway.
 *
 * @param percent retries as a share of requests, 0 to 100, 20 by default
 * @param minPerSecond retries per second that are always allowed, 0 to 1000, 10 by
 * default
 */
public record RetryBudgetProperties(@DefaultValue("20") @Range(min = "0", max = "100") int percent,
		@DefaultValue("10") @Range(min = "0", max = "1000") int minPerSecond) {
}
