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
 * How the attempts of a request ended.
 */
public sealed interface RequestResult {

	/** Releases a response that is not relayed after all. */
	void discard();

	/**
	 * A backend serves the request; the attempt goes on until the last byte.
	 *
	 * @param attempt the attempt
	 * @param outcome its outcome if the response arrives whole
	 * @param response the response, of which the head is relayed
	 * @param start how the body begins
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
	 * A backend responded with an error of the client's own, and the attempt is over
	 * except for the rest of the body, if there is one.
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
	 * @param lane the lane that was tried last, or whose error is the best there is;
	 * {@code null} if none was tried
	 * @param best the best error of a backend, or {@code null} if Weir's own is better
	 * @param own Weir's own error, with the delay after which to come back
	 */
	record Exhausted(@Nullable Lane lane, @Nullable ErrorResponse best,
			ApiErrorException own) implements RequestResult {

		@Override
		public void discard() {
			// nothing is held
		}
	}

}
