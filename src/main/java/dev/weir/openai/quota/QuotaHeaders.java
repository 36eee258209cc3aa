package dev.weir.openai.quota;

import java.time.Duration;
import java.util.function.Function;
import java.util.regex.Pattern;

import org.jspecify.annotations.Nullable;

/**
 * What the headers of an answer say about the quota it was served from. Anything that is
 * not said, or not said in a way that can be read, is {@code null}.
 *
 * @param requests the requests that are left
 * @param tokens the tokens that are left
 * @param utilization how far a provisioned deployment is used, 0 for not at all; 1 and
 * more for fully, where Azure OpenAI answers 429
 */
public record QuotaHeaders(@Nullable Remaining requests, @Nullable Remaining tokens, @Nullable Double utilization) {

	// so that no header overflows a number
	private static final int MAX_DIGITS = 15;

	private static final Pattern PERCENT = Pattern.compile("[0-9]{1,15}+(?:\\.[0-9]{1,15}+)?+%");

	/**
	 * Reads {@code x-ratelimit-remaining-}, {@code -limit-} and {@code -reset-} of
	 * requests and tokens, which Azure OpenAI and OpenAI send, and
	 * {@code azure-openai-deployment-utilization}, which provisioned deployments of Azure
	 * send in place of those of tokens.
	 * @param headers looks up a header by its lower-case name
	 * @return what they say
	 */
	public static QuotaHeaders read(Function<String, @Nullable String> headers) {
		return new QuotaHeaders(Names.REQUESTS.remaining(headers), Names.TOKENS.remaining(headers),
				percent(headers.apply("azure-openai-deployment-utilization")));
	}

	private static @Nullable Long number(@Nullable String value) {
		String digits = (value != null) ? value.strip() : "";
		if (digits.isEmpty() || digits.length() > MAX_DIGITS) {
			return null;
		}
		long number = 0;
		for (int i = 0; i < digits.length(); i++) {
			int digit = digits.charAt(i) - '0';
			if (digit < 0 || digit > 9) {
				return null;
			}
			number = 10 * number + digit;
		}
		return number;
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

		private static Names of(String what) {
			return new Names("x-ratelimit-remaining-" + what, "x-ratelimit-limit-" + what, "x-ratelimit-reset-" + what);
		}

		private @Nullable Remaining remaining(Function<String, @Nullable String> headers) {
			Long left = number(headers.apply(this.remaining));
			return (left == null) ? null : new Remaining(left, number(headers.apply(this.limit)),
					DelayParser.parseReset(headers.apply(this.reset)));
		}

	}

	/**
	 * What is left of one limit.
	 *
	 * @param left how many are left, not negative
	 * @param limit how many there are, or {@code null} if that was not said
	 * @param reset when all are there again, or {@code null} if that was not said
	 */
	public record Remaining(long left, @Nullable Long limit, @Nullable Duration reset) {
	}

}
