package dev.weir.backend;

import java.time.Duration;
import java.util.List;

import org.jspecify.annotations.Nullable;

import dev.weir.openai.stored.ReportedObject;
import dev.weir.openai.stream.Usage;

/**
 * Is notified of one attempt. Called on the loop of the attempt's request: it must
 * neither block nor throw.
 */
public interface AttemptListener {

	/** Ignores everything. */
	AttemptListener NONE = new AttemptListener() {
	};

	/**
	 * The attempt has ended.
	 * @param attempt the attempt
	 * @param outcome its outcome
	 * @param duration from the choice of the lane to the last byte of the response
	 */
	default void onEnd(Attempt attempt, Outcome outcome, Duration duration) {
	}

	/**
	 * The response reported a usage. That is the usage of an earlier request if this one
	 * reads its result.
	 * @param attempt the attempt
	 * @param reported the tokens
	 * @return the tokens that this attempt has used, or {@code null} if it has used none
	 */
	default @Nullable Usage onUsage(Attempt attempt, Usage reported) {
		return reported;
	}

	/**
	 * The response named objects that the backend stores. The client does not have their
	 * ids yet.
	 * @param attempt the attempt
	 * @param objects the objects, at least one
	 */
	default void onObjects(Attempt attempt, List<ReportedObject> objects) {
	}

}
