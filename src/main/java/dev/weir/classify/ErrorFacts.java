package dev.weir.classify;

import java.util.Locale;
import java.util.Map;
import java.util.function.Function;

import org.jspecify.annotations.Nullable;

import dev.weir.openai.error.ErrorDetails;

/**
 * The parts of an error response that decide its meaning.
 *
 * @param status the HTTP status; for an error in a 2xx response the status that its body
 * names as its code, or else {@link RefusalRules#INSIDE}
 * @param inside whether it came in a 2xx response
 * @param headers looks up a response header by its lower-case name
 * @param reason the error object of the body
 * @param page whether the body is an HTML page
 */
public record ErrorFacts(int status, boolean inside, Function<String, @Nullable String> headers, ErrorDetails reason,
		boolean page) {

	/**
	 * Reads an error response.
	 * @param status the HTTP status
	 * @param headers looks up a response header by its lower-case name
	 * @param body the body
	 * @return the facts
	 */
	public static ErrorFacts of(int status, Function<String, @Nullable String> headers, byte[] body) {
		ErrorDetails reason = ErrorDetails.read(body);
		if (status < 300) {
			return new ErrorFacts(statusOf(reason), true, headers, reason, false);
		}
		return new ErrorFacts(status, false, headers, reason, isPage(headers.apply("content-type"), body));
	}

	/**
	 * Returns the facts of an error event in a stream.
	 * @param reason the error object of the event
	 * @return the facts
	 */
	static ErrorFacts inside(ErrorDetails reason) {
		return new ErrorFacts(statusOf(reason), true, Map.<String, String>of()::get, reason, false);
	}

	private static int statusOf(ErrorDetails reason) {
		String code = reason.code();
		boolean number = code != null && code.length() == 3 && code.chars().allMatch((it) -> it >= '0' && it <= '9');
		int status = number ? Integer.parseInt(code) : RefusalRules.INSIDE;
		return (status >= 400 && status < 600) ? status : RefusalRules.INSIDE;
	}

	private static boolean isPage(@Nullable String type, byte[] body) {
		if (type != null && type.strip().toLowerCase(Locale.ROOT).startsWith("text/html")) {
			return true;
		}
		for (byte b : body) {
			if (b != ' ' && b != '\n' && b != '\r' && b != '\t') {
				return b == '<';
			}
		}
		return false;
	}

	/**
	 * The status of the error if it were not in a 2xx response.
	 * @param subject the subject of the error
	 * @return its own status if it has one, or else the usual status of the subject
	 */
	int statusOr(RefusalRules.Subject subject) {
		if (this.status != RefusalRules.INSIDE) {
			return this.status;
		}
		return switch (subject) {
			case SIZE, RATE -> 429;
			case ACCOUNT -> 402;
			case MODEL, OPERATION, OPERATION_IMPLIED -> 404;
			case CREDENTIAL, UNKNOWN, PAGE -> 401;
			case CONTEXT, ELSEWHERE, REQUEST -> 400;
			case BACKEND -> 500;
		};
	}

}
