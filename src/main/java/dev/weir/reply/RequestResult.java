package dev.weir.reply;

import org.jspecify.annotations.Nullable;

import dev.weir.openai.error.ApiErrorException;
import dev.weir.backend.Attempt;
import dev.weir.backend.Lane;
import dev.weir.backend.Outcome;
import dev.weir.response.ErrorResponse;
import dev.weir.response.ResponseStart;
import dev.weir.response.BackendResponse;

/**
 * The result of the attempts of a request.
 */
public sealed interface RequestResult {

	/** Releases a response that is not relayed. */
	void discard();

	/**
	 * A backend serves the request. The attempt continues until the last byte.
	 *
	 * @param attempt the attempt
	 * @param outcome its outcome if the response arrives completely
	 * @param response the response with its head
	 * @param start the beginning of its body
	 */
	record Served(Attempt attempt, Outcome outcome, BackendResponse response,
			ResponseStart start) implements RequestResult {

		@Override
		public void discard() {
			this.start.body().dispose();
			this.attempt.end(new Outcome.Cancelled());
		}
	}

	/**
	 * A backend refused the request because of an error of the client. The attempt is
	 * over, except for the unread part of the body, if there is one.
	 *
	 * @param attempt the attempt
	 * @param outcome its outcome
	 * @param error the error
	 */
	record Refused(Attempt attempt, Outcome outcome, ErrorResponse error) implements RequestResult {

		@Override
		public void discard() {
			this.error.discard();
			this.attempt.end(this.outcome);
		}
	}

	/**
	 * No backend served the request.
	 *
	 * @param lane the lane of the best error, or the lane that was tried last;
	 * {@code null} if none was tried
	 * @param best the best error of a backend, or {@code null} if Weir's own is better
	 * @param own Weir's own error, with the delay of the next try
	 */
	record Exhausted(@Nullable Lane lane, @Nullable ErrorResponse best,
			ApiErrorException own) implements RequestResult {

		@Override
		public void discard() {
			// nothing is held
		}
	}

}
