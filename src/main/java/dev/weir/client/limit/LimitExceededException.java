package dev.weir.client.limit;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;

import org.jspecify.annotations.Nullable;

import dev.weir.backend.DurationText;
import dev.weir.openai.error.ApiError;
import dev.weir.openai.error.ApiErrorException;

/**
 * A request exceeds a limit of its client.
 */
final class LimitExceededException extends RuntimeException {

	/** OpenAI's SDKs ignore a longer delay, and would retry within seconds. */
	private static final Duration MAX_DELAY = Duration.ofSeconds(60);

	private static final String CODE = "rate_limit_exceeded";

	private final String limit;

	private final String unit;

	private final transient Map<String, String> headers;

	private LimitExceededException(String limit, String unit, String message, Map<String, String> headers) {
		super(message, null, false, false);
		this.limit = limit;
		this.unit = unit;
		this.headers = headers;
	}

	/** A request that may be sent again after a time. */
	static LimitExceededException later(Grant.Part part, Duration wait, Map<String, String> state) {
		LimitWindow window = part.window();
		Map<String, String> headers = new LinkedHashMap<>(state);
		// rounded up: a client that repeats a moment too early is refused again
		long millis = Math.max(1, wait.plusNanos(999_999).toMillis());
		headers.put("retry-after-ms", String.valueOf(millis));
		headers.put("retry-after", String.valueOf((millis + 999) / 1000));
		if (wait.compareTo(MAX_DELAY) > 0) {
			headers.put("x-should-retry", "false");
		}
		return new LimitExceededException(window.kind().property(), window.kind().unit(),
				"is at its limit of " + describe(window) + ": used " + (window.limit() - window.remaining())
						+ ", requested " + part.count() + ". Try again in " + DurationText.of(Duration.ofMillis(millis))
						+ ".",
				headers);
	}

	/** A request that exceeds the whole limit. */
	static LimitExceededException tooLarge(LimitWindow window, long stated) {
		return new LimitExceededException(window.kind().property(), window.kind().unit(), "may use " + describe(window)
				+ ", and this request alone may need " + stated + ". Send a shorter one or ask for less output.",
				Map.of("x-should-retry", "false"));
	}

	/** A request while as many are running as may. */
	static LimitExceededException concurrent(int most) {
		return new LimitExceededException("max-concurrent", "requests",
				"has " + most + " requests running, as many as it may at once (max-concurrent).",
				Map.of("retry-after-ms", "1000", "retry-after", "1"));
	}

	private static String describe(LimitWindow window) {
		@Nullable String model = window.model();
		return window.limit() + " " + window.kind().unit()
				+ ((window.kind() == LimitKind.TOKENS_PER_DAY) ? " per day" : " per minute")
				+ ((model != null) ? " for the models " + model : "");
	}

	/** The property of the limit. */
	String limit() {
		return this.limit;
	}

	/**
	 * The reply.
	 * @param client the name of the client
	 * @return an error with status 429
	 */
	ApiErrorException toReply(String client) {
		return new ApiErrorException(
				new ApiError(429, "The client '" + client + "' " + getMessage(), this.unit, null, CODE), this.headers);
	}

}
