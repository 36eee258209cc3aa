package dev.weir.config;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.context.properties.ConfigurationPropertiesSource;

/**
 * A limit of one client for some models.
 *
 * @param model Model, as the client names it. A * stands for any characters; all models
 * that match share the limit.
 * @param requestsPerMinute Requests for these models in each minute of the clock (UTC).
 * @param tokensPerMinute Tokens of these models in each minute of the clock (UTC).
 * @param tokensPerDay Tokens of these models on each day (UTC).
 */
@ConfigurationPropertiesSource
public record ModelLimitProperties(String model, @Range(min = "1", max = "1000000000") @Nullable Long requestsPerMinute,
		@Range(min = "1", max = "1000000000") @Nullable Long tokensPerMinute,
		@Range(min = "1", max = "1000000000000") @Nullable Long tokensPerDay) {
}
