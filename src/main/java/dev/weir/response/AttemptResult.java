package dev.weir.response;

import dev.weir.backend.Outcome;

/**
 * The result of one attempt.
 */
public sealed interface AttemptResult {

	/**
	 * The outcome of the attempt.
	 * @return the outcome; for a response that has begun, the one if it arrives
	 * completely
	 */
	Outcome outcome();

	/** Releases the unread part of the response. */
	void discard();

	/**
	 * A response whose body has begun.
	 *
	 * @param outcome the outcome
	 * @param response the response
	 * @param start the beginning of its body
	 */
	record Begun(Outcome outcome, BackendResponse response, ResponseStart start) implements AttemptResult {

		@Override
		public void discard() {
			this.start.body().dispose();
		}
	}

	/**
	 * An error that was read.
	 *
	 * @param outcome the outcome
	 * @param error the error
	 */
	record ErrorRead(Outcome outcome, ErrorResponse error) implements AttemptResult {

		@Override
		public void discard() {
			this.error.discard();
		}
	}

	/**
	 * No response.
	 *
	 * @param outcome the outcome
	 */
	record NoResponse(Outcome outcome) implements AttemptResult {

		@Override
		public void discard() {
			// nothing is held
		}
	}

}
