package dev.weir.websocket;

import java.util.ArrayList;
import java.util.List;

import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;

/**
 * The requests that must run on one WebSocket, since they continue a response that exists
 * only there. They run one after the other, in the order of their arrival.
 */
final class TurnQueue {

	/** The first one has its turn. */
	private final List<Turn> turns = new ArrayList<>(1);

	boolean isEmpty() {
		return this.turns.isEmpty();
	}

	/**
	 * Whether no other request waits for its turn before a request.
	 * @param request the request
	 * @return whether it may be sent
	 */
	boolean isFreeFor(MessageRequest request) {
		return this.turns.isEmpty() || this.turns.get(0).request() == request;
	}

	/**
	 * Adds a request.
	 * @param request the request
	 * @param onAdded is run when it was added
	 * @return completes when it has its turn, or when the connection is of no more use
	 */
	Mono<Void> await(MessageRequest request, Runnable onAdded) {
		return Mono.create((sink) -> {
			this.turns.add(new Turn(request, sink));
			onAdded.run();
		});
	}

	/** Gives the first request its turn. */
	void startFirst() {
		if (!this.turns.isEmpty()) {
			this.turns.get(0).start().success();
		}
	}

	/**
	 * Removes a request.
	 * @param request the request, which has ended, with or without a turn
	 * @return whether it was there
	 */
	boolean remove(MessageRequest request) {
		return this.turns.removeIf((turn) -> turn.request() == request);
	}

	/** Starts and removes all: the connection is of no more use. */
	void releaseAll() {
		List<Turn> all = List.copyOf(this.turns);
		this.turns.clear();
		all.forEach((turn) -> turn.start().success());
	}

	/**
	 * A request that waits for its turn, or has it.
	 *
	 * @param request the request
	 * @param start completes when it may be sent
	 */
	private record Turn(MessageRequest request, MonoSink<Void> start) {
	}

}
