package dev.weir.failover;

import org.jspecify.annotations.Nullable;

import dev.weir.backend.Attempt;
import dev.weir.backend.Lane;
import dev.weir.backend.Outcome;
import dev.weir.openai.error.ApiErrorException;

/**
 * How the attempts of a request ended.
 */
sealed interface Ending {

	/** Lets go of an answer that nobody wants after all. */
	void discard();

	/**
	 * A backend answers; the attempt goes on until the last byte.
	 *
	 * @param attempt the attempt
	 * @param outcome what it comes to when the answer arrives whole
	 * @param start how the answer begins
	 */
	record Answering(Attempt attempt, Outcome outcome, AnswerStart start) implements Ending {

		@Override
		public void discard() {
			this.start.body().dispose();
			this.attempt.end(new Outcome.Cancelled());
		}
	}

	/**
	 * A backend answered with an error of the caller's own, and the attempt is over but
	 * for what may be left of the body.
	 *
	 * @param attempt the attempt
	 * @param outcome what it comes to
	 * @param answer the error
	 */
	record Refused(Attempt attempt, Outcome outcome, ErrorAnswer answer) implements Ending {

		@Override
		public void discard() {
			this.answer.discard();
			this.attempt.end(this.outcome);
		}
	}

	/**
	 * No backend served.
	 *
	 * @param lane the lane that was tried last, or whose answer is the best there is;
	 * {@code null} if none was tried
	 * @param best the best of the real answers, or {@code null} if Weir's own is better
	 * @param own Weir's own answer, with the delay after which to come back
	 */
	record GaveUp(@Nullable Lane lane, @Nullable ErrorAnswer best, ApiErrorException own) implements Ending {

		@Override
		public void discard() {
			// nothing is held
		}
	}

}
