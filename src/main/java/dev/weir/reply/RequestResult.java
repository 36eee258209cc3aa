package dev.weir.reply;

import java.util.function.Function;

import org.jspecify.annotations.Nullable;
import reactor.core.Disposable;

import dev.weir.openai.error.ApiErrorException;
import dev.weir.backend.Attempt;
import dev.weir.backend.Lane;
import dev.weir.backend.Outcome;
import dev.weir.request.RequestContext;
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
	 * Calls the function for this kind of result. A new kind is a parameter here, so that
	 * the compiler names each place that must handle it.
	 * @param <T> the type of the value
	 * @param ifRelayed is called with a response to relay
	 * @param ifRefused is called with the error of a backend
	 * @param ifExhausted is called if no backend served the request
	 * @param ifConnected is called with a WebSocket
	 * @return the value of the function
	 */
	<T extends @Nullable Object> T match(Function<Relayed, T> ifRelayed, Function<Refused, T> ifRefused,
			Function<Exhausted, T> ifExhausted, Function<Connected, T> ifConnected);

	/**
	 * The response of a backend is relayed: a success, or an error that is found at the
	 * beginning of its body. The attempt continues until the last byte.
	 *
	 * @param attempt the attempt
	 * @param outcome its outcome if the response arrives completely
	 * @param response the response with its head
	 * @param start the beginning of its body
	 */
	record Relayed(Attempt attempt, Outcome outcome, BackendResponse response,
			ResponseStart start) implements RequestResult {

		@Override
		public void discard() {
			this.start.body().dispose();
			this.attempt.end(new Outcome.Cancelled());
		}

		@Override
		public <T extends @Nullable Object> T match(Function<Relayed, T> ifRelayed, Function<Refused, T> ifRefused,
				Function<Exhausted, T> ifExhausted, Function<Connected, T> ifConnected) {
			return ifRelayed.apply(this);
		}

		/**
		 * Records that the reply begins, or continues, with this response, or has a part
		 * of it.
		 * @param context the request
		 */
		public void recordStart(RequestContext context) {
			this.attempt.onResponseStart();
			if (this.outcome.type().isSuccess()) {
				context.failover().onServed(this.attempt);
			}
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

		@Override
		public <T extends @Nullable Object> T match(Function<Relayed, T> ifRelayed, Function<Refused, T> ifRefused,
				Function<Exhausted, T> ifExhausted, Function<Connected, T> ifConnected) {
			return ifRefused.apply(this);
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

		@Override
		public <T extends @Nullable Object> T match(Function<Relayed, T> ifRelayed, Function<Refused, T> ifRefused,
				Function<Exhausted, T> ifExhausted, Function<Connected, T> ifConnected) {
			return ifExhausted.apply(this);
		}

	}

	/**
	 * A backend serves the request on a WebSocket. The attempt continues until the caller
	 * ends it.
	 *
	 * @param attempt the attempt
	 * @param outcome its outcome if the connection ends normally
	 * @param socket the connection, or the part of one that serves the request
	 */
	record Connected(Attempt attempt, Outcome outcome, Disposable socket) implements RequestResult {

		@Override
		public void discard() {
			this.socket.dispose();
			this.attempt.end(new Outcome.Cancelled());
		}

		@Override
		public <T extends @Nullable Object> T match(Function<Relayed, T> ifRelayed, Function<Refused, T> ifRefused,
				Function<Exhausted, T> ifExhausted, Function<Connected, T> ifConnected) {
			return ifConnected.apply(this);
		}

		/**
		 * Records that the backend serves the request.
		 * @param context the request
		 */
		public void recordStart(RequestContext context) {
			this.attempt.onResponseStart();
			context.failover().onServed(this.attempt);
		}

	}

}
