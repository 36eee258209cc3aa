package dev.weir.failover;

import dev.weir.backend.Outcome;
import org.jspecify.annotations.Nullable;

/**
 * What an attempt brought.
 *
 * @param outcome what it comes to
 * @param start how the answer begins, or {@code null} if there is none or it was read
 * @param error the error answer that was read, or {@code null} if there is none
 */
record AttemptResult(Outcome outcome, @Nullable AnswerStart start, @Nullable ErrorAnswer error) {

	/** Lets go of what is still to be read. */
	void discard() {
		if (this.start != null) {
			this.start.body().dispose();
		}
		if (this.error != null) {
			this.error.discard();
		}
	}

}
