package dev.weir.config;

import org.springframework.boot.context.properties.ConfigurationPropertiesSource;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * How many failed attempts a pool may retry on another backend, so that retries do not
 * multiply the load of an outage. A retry after a 429 is free, because the throttled lane
 * is not called again during its cooldown.
 *
 * @param percent Retries in percent of requests. A retry after a 429 is free.
 * @param minPerSecond Retries per second that are always allowed.
 */
@ConfigurationPropertiesSource
public record RetryBudgetProperties(@DefaultValue("20") @Range(min = "0", max = "100") int percent,
		@DefaultValue("10") @Range(min = "0", max = "1000") int minPerSecond) {
}
