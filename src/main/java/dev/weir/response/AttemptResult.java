package dev.weir.response;

import java.util.function.Function;

import org.jspecify.annotations.Nullable;
import reactor.core.Disposable;

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
	 * Calls the function for this kind of result.
	 * @param <T> the type of the value
	 * @param ifBegun is called with a response whose body has begun
	 * @param ifError is called with an error that was read
	 * @param ifNone is called if there is no response
	 * @param ifConnected is called with a connection that changed its protocol
	 * @return the value of the function
	 */
	<T extends @Nullable Object> T match(Function<Begun, T> ifBegun, Function<ErrorRead, T> ifError,
			Function<NoResponse, T> ifNone, Function<Connected, T> ifConnected);

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

		@Override
		public <T extends @Nullable Object> T match(Function<Begun, T> ifBegun, Function<ErrorRead, T> ifError,
				Function<NoResponse, T> ifNone, Function<Connected, T> ifConnected) {
			return ifBegun.apply(this);
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

		@Override
		public <T extends @Nullable Object> T match(Function<Begun, T> ifBegun, Function<ErrorRead, T> ifError,
				Function<NoResponse, T> ifNone, Function<Connected, T> ifConnected) {
			return ifError.apply(this);
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

		@Override
		public <T extends @Nullable Object> T match(Function<Begun, T> ifBegun, Function<ErrorRead, T> ifError,
				Function<NoResponse, T> ifNone, Function<Connected, T> ifConnected) {
			return ifNone.apply(this);
		}

	}

	/**
	 * A WebSocket, which the caller uses from now on.
	 *
	 * @param outcome the outcome
	 * @param socket the connection, or the part of one that serves the request
	 */
	record Connected(Outcome outcome, Disposable socket) implements AttemptResult {

		@Override
		public void discard() {
			this.socket.dispose();
		}

		@Override
		public <T extends @Nullable Object> T match(Function<Begun, T> ifBegun, Function<ErrorRead, T> ifError,
				Function<NoResponse, T> ifNone, Function<Connected, T> ifConnected) {
			return ifConnected.apply(this);
		}

	}

}
