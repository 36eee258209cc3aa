package dev.weir.config;

import java.time.Duration;

import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.boot.context.properties.bind.Name;

/**
 * How long a lane or a backend rests after it refused a request.
 *
 * @param standard the rest after a 429 that names no delay, 1 ms to 1 h and no longer
 * than {@code max}, 10 seconds by default
 * @param max the longest rest after a 429, whatever delay it names, 1 ms to 1 h, 60
 * seconds by default
 * @param refusal the rest of a backend that refuses for a reason which does not pass by
 * itself (its quota is spent for good, it refuses the credential, or it does not serve a
 * model or an operation), 1 ms to 1 day, 5 minutes by default
 */
public record CooldownProperties(
		@Name("default") @DefaultValue("10s") @Range(min = "1ms", max = "1h") Duration standard,
		@DefaultValue("60s") @Range(min = "1ms", max = "1h") Duration max,
		@DefaultValue("5m") @Range(min = "1ms", max = "1d") Duration refusal) {
}
