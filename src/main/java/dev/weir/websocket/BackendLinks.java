package dev.weir.websocket;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import dev.weir.backend.Lane;
import dev.weir.backend.Pool;
import dev.weir.request.FailoverState;

/**
 * The connected backends of a client in Responses mode, and the responses that exist on
 * each of them. Used on the event loop of the client only.
 */
final class BackendLinks {

	private static final Logger logger = LoggerFactory.getLogger(BackendLinks.class);

	/** The most responses that the client may refer to. */
	private static final int MAX_REMEMBERED = 1000;

	private final SocketPeer client;

	private final List<BackendLink> all = new ArrayList<>(2);

	private final Map<String, BackendLink> responses = new LinkedHashMap<>() {

		@Override
		protected boolean removeEldestEntry(Map.Entry<String, BackendLink> eldest) {
			return size() > MAX_REMEMBERED;
		}

	};

	/** The one that was used last. */
	private @Nullable BackendLink last;

	BackendLinks(SocketPeer client) {
		this.client = client;
	}

	void add(BackendLink link) {
		this.all.add(link);
		this.last = link;
	}

	/**
	 * Removes a backend.
	 * @param link the backend
	 * @return whether it was there
	 */
	boolean remove(BackendLink link) {
		boolean known = this.all.remove(link);
		if (this.last == link) {
			this.last = this.all.isEmpty() ? null : this.all.get(0);
		}
		readClient();
		return known;
	}

	/**
	 * The backends.
	 * @return a copy
	 */
	List<BackendLink> all() {
		return List.copyOf(this.all);
	}

	boolean isEmpty() {
		return this.all.isEmpty();
	}

	/**
	 * The backend, if there is exactly one.
	 * @return the backend, or {@code null}
	 */
	@Nullable BackendLink single() {
		return (this.all.size() == 1) ? this.all.get(0) : null;
	}

	/**
	 * Records that a response has an id.
	 * @param link the backend that serves it
	 * @param id the id
	 */
	void onResponseId(BackendLink link, String id) {
		this.responses.put(id, link);
	}

	/**
	 * The backend on whose WebSocket a response exists.
	 * @param id the id of the response, or {@code null}
	 * @return the backend, or {@code null} if it is not known or not connected any more
	 */
	@Nullable BackendLink ofResponse(@Nullable String id) {
		BackendLink link = (id != null) ? this.responses.get(id) : null;
		return (link != null && !link.peer().isClosing()) ? link : null;
	}

	/**
	 * The backend for a message that is not a request.
	 * @param responseId the response that it names, or {@code null}
	 * @return the backend, or {@code null} if none is connected
	 */
	@Nullable BackendLink forMessage(@Nullable String responseId) {
		BackendLink named = ofResponse(responseId);
		return (named != null) ? named : this.last;
	}

	/**
	 * Begins an attempt on a backend that is connected, if none of a higher tier could
	 * take the request.
	 * @param request the request
	 * @return the backend, or {@code null} if another one must be connected
	 */
	@Nullable BackendLink begin(MessageRequest request) {
		FailoverState failover = request.context().failover();
		int best = Integer.MAX_VALUE;
		for (Lane lane : failover.candidates().lanes()) {
			best = failover.candidates().contains(lane) ? Math.min(best, lane.priority()) : best;
		}
		for (BackendLink link : all()) {
			boolean wanted = request.bound() == null || request.bound() == link;
			Lane lane = wanted ? laneOf(link, failover) : null;
			if (lane != null && link.isFreeFor(request) && lane.priority() <= best && failover.tryBegin(lane)) {
				request.attempt().onSendStart();
				logger.info("Sending a response.create to {} on its open WebSocket (attempt {}) [{}]",
						lane.backend().name(), failover.attempts().count(), request.context().id());
				return link;
			}
		}
		return null;
	}

	private static @Nullable Lane laneOf(BackendLink link, FailoverState failover) {
		for (Lane lane : failover.candidates().lanes()) {
			if (link.leadsTo(lane.backend()) && failover.candidates().contains(lane)) {
				return lane;
			}
		}
		return null;
	}

	/**
	 * Closes idle connections to backends that the configuration has no more.
	 * @param pool the current settings of the pool
	 */
	void discardRemoved(Pool pool) {
		all().forEach((link) -> link.discardIfRemoved(pool));
	}

	/**
	 * A message was sent to a backend: the client is read as fast as the backend reads.
	 * @param link the backend
	 */
	void onSent(BackendLink link) {
		this.last = link;
		link.peer().flush();
		pauseIfSlow(link);
	}

	/**
	 * Pauses reading of the client if a backend does not read.
	 * @param link the backend
	 */
	void pauseIfSlow(BackendLink link) {
		if (!link.peer().isWritable()) {
			link.peer().flush();
			readClient();
		}
	}

	/**
	 * Reads the client if all backends read what it sends, and if it reads the errors and
	 * pongs that Weir sends. Once it is being closed it is always read, for its close
	 * frame.
	 */
	void readClient() {
		boolean reading = this.client.isWritable();
		for (BackendLink link : this.all) {
			reading = reading && link.peer().isWritable() && link.takesErrors();
		}
		this.client.read(reading || this.client.isClosing());
	}

	void flush() {
		this.all.forEach((link) -> link.peer().flush());
	}

	void close(CloseReason reason) {
		all().forEach((link) -> link.peer().close(reason));
	}

	/** Responds to the close frames of all backends that have sent one. */
	void respondToClose() {
		all().forEach((link) -> link.peer().respondToClose());
	}

}
