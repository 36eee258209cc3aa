package dev.weir.config;

import java.time.Duration;

import org.springframework.boot.context.properties.ConfigurationPropertiesSource;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.boot.context.properties.bind.Name;

/**
 * How long a lane or a backend is not called after it refused a request.
 *
 * @param defaultDuration Cooldown of a lane after a 429 that names no delay. Not longer
 * than max.
 * @param max Longest cooldown of a lane after a 429, whatever delay it names.
 * @param refusal Cooldown after a refusal that does not pass by itself: the quota is used
 * up for good, the credential is refused, or a model or an operation is not served.
 */
@ConfigurationPropertiesSource
public record CooldownProperties(
		@Name("default") @DefaultValue("10s") @Range(min = "1ms", max = "1h") Duration defaultDuration,
		@DefaultValue("60s") @Range(min = "1ms", max = "1h") Duration max,
		@DefaultValue("5m") @Range(min = "1ms", max = "1d") Duration refusal) {
}
