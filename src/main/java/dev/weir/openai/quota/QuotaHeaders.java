package dev.weir.openai.quota;

import java.time.Duration;
import java.util.function.Function;
import java.util.regex.Pattern;

import org.jspecify.annotations.Nullable;

/**
 * The quota that the headers of a response report. Absent and unreadable values are
 * {@code null}.
 *
 * @param requests the remaining requests
 * @param tokens the remaining tokens
 * @param utilization the utilization of a provisioned deployment, 0 for idle; from 1 on
 * Azure OpenAI responds with 429
 */
public record QuotaHeaders(@Nullable Remaining requests, @Nullable Remaining tokens, @Nullable Double utilization) {

	// the number of digits is limited, so that no header overflows a long
	private static final Pattern NUMBER = Pattern.compile("[0-9]{1,15}+");

	private static final Pattern PERCENT = Pattern.compile("[0-9]{1,15}+(?:\\.[0-9]{1,15}+)?+%");

	/**
	 * Reads {@code x-ratelimit-remaining-}, {@code -limit-} and {@code -reset-} of
	 * requests and tokens, which Azure OpenAI and OpenAI send, and
	 * {@code azure-openai-deployment-utilization}, which provisioned deployments of Azure
	 * send instead of those of tokens.
	 * @param headers finds a header by its lower-case name
	 * @return the quota
	 */
	public static QuotaHeaders read(Function<String, @Nullable String> headers) {
		return new QuotaHeaders(Names.REQUESTS.remaining(headers), Names.TOKENS.remaining(headers),
				percent(headers.apply("azure-openai-deployment-utilization")));
	}

	private static @Nullable Long number(@Nullable String value) {
		return (value != null && NUMBER.matcher(value.strip()).matches()) ? Long.valueOf(value.strip()) : null;
	}

	private static @Nullable Double percent(@Nullable String value) {
		if (value == null || !PERCENT.matcher(value.strip()).matches()) {
			return null;
		}
		return Double.parseDouble(value.strip().replace("%", "")) / 100;
	}

	/** The headers of one limit. */
	private record Names(String remaining, String limit, String reset) {

		static final Names REQUESTS = of("requests");

		static final Names TOKENS = of("tokens");

		private static Names of(String unit) {
			return new Names("x-ratelimit-remaining-" + unit, "x-ratelimit-limit-" + unit, "x-ratelimit-reset-" + unit);
		}

		private @Nullable Remaining remaining(Function<String, @Nullable String> headers) {
			Long left = number(headers.apply(this.remaining));
			return (left == null) ? null : new Remaining(left, number(headers.apply(this.limit)),
					DelayParser.parseReset(headers.apply(this.reset)));
		}

	}

	/**
	 * The remaining part of one limit.
	 *
	 * @param left the remaining number, not negative
	 * @param limit the whole number, or {@code null} if it is absent
	 * @param reset the time until the limit is full again, or {@code null} if it is
	 * absent
	 */
	public record Remaining(long left, @Nullable Long limit, @Nullable Duration reset) {
	}

}
