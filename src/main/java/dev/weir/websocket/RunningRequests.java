package dev.weir.websocket;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;

import dev.weir.backend.Outcome;
import dev.weir.openai.error.ApiError;
import dev.weir.openai.error.ApiErrorException;
import dev.weir.reply.RequestResult;
import dev.weir.request.RequestContext;
import dev.weir.response.ErrorResponse;

/**
 * The requests of a client in Responses mode that have not ended. Used on the event loop
 * of the client only.
 */
final class RunningRequests {

	private static final Logger logger = LoggerFactory.getLogger(RunningRequests.class);

	/** The most requests of a client that run at once. */
	static final int MAX = 64;

	private final List<MessageRequest> all = new ArrayList<>(2);

	private final ClientOutput output;

	private final Runnable onEnd;

	/**
	 * Creates an empty set.
	 * @param output gets the errors
	 * @param onEnd is run when a request has ended
	 */
	RunningRequests(ClientOutput output, Runnable onEnd) {
		this.output = output;
		this.onEnd = onEnd;
	}

	boolean isEmpty() {
		return this.all.isEmpty();
	}

	boolean isFull() {
		return this.all.size() >= MAX;
	}

	/**
	 * Runs a request.
	 * @param request the request
	 * @param attempts makes its attempts
	 */
	void run(MessageRequest request, Mono<RequestResult> attempts) {
		this.all.add(request);
		request.runs(attempts.subscribe((result) -> onResult(request, result), (error) -> onFailure(request, error)));
	}

	/**
	 * Writes an error about a message of the client.
	 * @param error the error
	 */
	void refuse(ApiErrorException error) {
		this.output.write(ErrorMessage.of(error));
	}

	private void onResult(MessageRequest request, RequestResult result) {
		result.<Boolean>match((relayed) -> {
			relayed.discard();
			return end(request, 502);
		}, (refused) -> {
			refused.attempt().end(refused.outcome());
			this.output.write(ErrorMessage.of(refused.error().status(), refused.error().body(), Map.of()));
			return end(request, refused.error().status());
		}, (exhausted) -> {
			ErrorResponse best = exhausted.best();
			this.output.write((best == null) ? ErrorMessage.of(exhausted.own())
					: ErrorMessage.of(best.status(), best.body(), exhausted.own().headers()));
			return end(request, (best == null) ? exhausted.own().error().status() : best.status());
		}, (connected) -> {
			connected.recordStart(request.context());
			request.releaseBody();
			return true;
		});
	}

	private void onFailure(MessageRequest request, Throwable error) {
		if (request.isClosed()) {
			return;
		}
		if (error instanceof ApiErrorException own) {
			refuse(own);
			end(request, own.error().status());
			return;
		}
		logger.error("A response.create failed [{}]", request.context().id(), error);
		refuse(new ApiErrorException(ApiError.internal()));
		end(request, 500);
	}

	/**
	 * The last event of a response was passed on.
	 * @param request the request
	 * @param outcome the outcome of its attempt
	 * @param status the status for metrics
	 */
	void onResponseEnd(MessageRequest request, Outcome outcome, int status) {
		request.attempt().end(outcome);
		end(request, status);
	}

	/**
	 * A response broke off after it had begun.
	 * @param request the request
	 */
	void onBroken(MessageRequest request) {
		request.attempt().end(new Outcome.Broken());
		refuse(new ApiErrorException(
				new ApiError(502, "The backend's response broke off.", "server_error", null, "stream_interrupted")));
		end(request, 502);
	}

	private boolean end(MessageRequest request, int status) {
		if (request.end()) {
			this.all.remove(request);
			if (request.bound() != null) {
				request.bound().endTurn(request);
			}
			request.context().release();
			request.context().notifyEnd(status);
			this.onEnd.run();
		}
		return true;
	}

	/** Cancels all: the client has left, or is closed. */
	void cancel() {
		for (MessageRequest request : List.copyOf(this.all)) {
			request.dispose();
			end(request, RequestContext.CLIENT_LEFT);
		}
	}

}
