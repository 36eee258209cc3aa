package dev.weir.client.limit;

import java.time.Duration;

import org.jspecify.annotations.Nullable;

import dev.weir.config.ClientProperties;
import dev.weir.config.ModelLimitProperties;

/**
 * A kind of limit: what is counted, and in which windows.
 */
enum LimitKind {

	REQUESTS_PER_MINUTE("requests-per-minute", "requests", Duration.ofMinutes(1)),

	TOKENS_PER_MINUTE("tokens-per-minute", "tokens", Duration.ofMinutes(1)),

	TOKENS_PER_DAY("tokens-per-day", "tokens", Duration.ofDays(1));

	private final String property;

	private final String unit;

	private final Duration period;

	LimitKind(String property, String unit, Duration period) {
		this.property = property;
		this.unit = unit;
		this.period = period;
	}

	String property() {
		return this.property;
	}

	/** {@code requests} or {@code tokens}, as in OpenAI's headers and errors. */
	String unit() {
		return this.unit;
	}

	boolean isTokens() {
		return this != REQUESTS_PER_MINUTE;
	}

	/** The length of a window. Windows begin at multiples of it since 1970, in UTC. */
	Duration period() {
		return this.period;
	}

	@Nullable Long of(ClientProperties settings) {
		return switch (this) {
			case REQUESTS_PER_MINUTE -> settings.requestsPerMinute();
			case TOKENS_PER_MINUTE -> settings.tokensPerMinute();
			case TOKENS_PER_DAY -> settings.tokensPerDay();
		};
	}

	@Nullable Long of(ModelLimitProperties settings) {
		return switch (this) {
			case REQUESTS_PER_MINUTE -> settings.requestsPerMinute();
			case TOKENS_PER_MINUTE -> settings.tokensPerMinute();
			case TOKENS_PER_DAY -> settings.tokensPerDay();
		};
	}

}
