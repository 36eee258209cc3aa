package dev.weir.failover;

import java.util.Map;
import java.util.function.Function;

import org.jspecify.annotations.Nullable;

import dev.weir.openai.error.ErrorDetails;

/**
 * What an error response says.
 *
 * @param status the HTTP status; of an error behind a status of success the one that its
 * body names as its code, else {@link RefusalRules#INSIDE}
 * @param inside whether it came behind a status of success
 * @param headers looks up a response header by its lower-case name
 * @param reason what the body says
 * @param page whether the body is a page
 */
record ErrorFacts(int status, boolean inside, Function<String, @Nullable String> headers, ErrorDetails reason,
		boolean page) {

	/**
	 * Reads an error response.
	 * @param error the response
	 * @return what it says
	 */
	static ErrorFacts of(ErrorResponse error) {
		ErrorDetails reason = ErrorDetails.read(error.body());
		if (error.status() < 300) {
			return new ErrorFacts(statusOf(reason), true, error::header, reason, false);
		}
		return new ErrorFacts(error.status(), false, error::header, reason, isPage(error));
	}

	/**
	 * Makes the facts of an error that came in a stream.
	 * @param reason what the event says
	 * @return what it says
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

	private static boolean isPage(ErrorResponse error) {
		if (BackendResponse.hasType(error.header("content-type"), "text/html")) {
			return true;
		}
		for (byte b : error.body()) {
			if (b != ' ' && b != '\n' && b != '\r' && b != '\t') {
				return b == '<';
			}
		}
		return false;
	}

	/**
	 * The status that such an error has where it is not behind a status of success.
	 * @param subject what it is about
	 * @return its own status if it has one, else the usual one
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
			case CONTEXT, REQUEST -> 400;
			case BACKEND -> 500;
		};
	}

}
