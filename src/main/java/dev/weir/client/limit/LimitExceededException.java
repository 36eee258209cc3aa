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
		if (wait.compareTo(LimitWindow.MAX_DELAY) > 0) {
			headers.put("x-should-retry", "false");
		}
		return new LimitExceededException(window.kind().property(), window.kind().unit(),
				(isElsewhere(part) ? "waits for a part of its limit of " : "is at its limit of ") + describe(window)
						+ ": used " + (window.limit() - window.remaining()) + ", requested " + part.count()
						+ (isElsewhere(part) ? "; other instances of Weir hold the rest" : "") + ". Try again in "
						+ DurationText.of(Duration.ofMillis(millis)) + ".",
				headers);
	}

	/** Whether the limit leaves enough, but this Weir does not hold it. */
	private static boolean isElsewhere(Grant.Part part) {
		return part.window().remaining() >= part.count();
	}

	/** A request that exceeds the whole limit. */
	static LimitExceededException tooLarge(Grant.Part part, Map<String, String> state) {
		LimitWindow window = part.window();
		Map<String, String> headers = new LinkedHashMap<>(state);
		headers.put("x-should-retry", "false");
		return new LimitExceededException(window.kind().property(), window.kind().unit(), "may use " + describe(window)
				+ ", and this request alone may need " + part.count() + ". Send a shorter one or ask for less output.",
				headers);
	}

	/** A request while as many are running as may. */
	static LimitExceededException concurrent(int most, Map<String, String> state) {
		Map<String, String> headers = new LinkedHashMap<>(state);
		headers.put("retry-after-ms", "1000");
		headers.put("retry-after", "1");
		return new LimitExceededException("max-concurrent", "requests",
				"has " + most + " requests running, as many as it may at once (max-concurrent).", headers);
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
