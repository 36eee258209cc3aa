package dev.weir.failover;

import org.jspecify.annotations.Nullable;

import dev.weir.api.Operation;
import dev.weir.backend.Attempt;
import dev.weir.backend.Attempts;
import dev.weir.backend.Refusal;
import dev.weir.config.BackendDialect;
import dev.weir.config.Secret;

/**
 * What a response answers, as far as its meaning hangs on that.
 *
 * @param operation what was asked for
 * @param azure whether an Azure OpenAI resource was asked
 * @param smallerServed whether the lane has just served a smaller request
 * @param key the backend's key, which no words of the backend may show; {@code null} if
 * it has none
 */
record Asked(Operation operation, boolean azure, boolean smallerServed, @Nullable Secret key) {

	/**
	 * What an attempt asks.
	 * @param attempt the attempt
	 * @param attempts the attempts of its request
	 * @return what it asks
	 */
	static Asked of(Attempt attempt, Attempts attempts) {
		return new Asked(attempts.request().operation(), attempt.lane().backend().dialect() == BackendDialect.AZURE,
				attempt.isLargerThanLastServed(), attempt.lane().backend().properties().apiKey());
	}

	/**
	 * A call of which only the operation is known.
	 * @param operation what was asked for
	 * @return what is asked
	 */
	static Asked of(Operation operation) {
		return new Asked(operation, false, false, null);
	}

	/**
	 * Whether every server of the API may have the operation, so that one that does not
	 * know its path lacks the operation.
	 * @return whether it is not just any path
	 */
	boolean isKnownOperation() {
		return this.operation != Operation.OTHER;
	}

	Refusal refusal(ErrorFacts error, String cure) {
		return new Refusal(BackendWords.shortened(error.reason().message(), this.key), cure);
	}

}
