package dev.weir.request;

import org.jspecify.annotations.Nullable;

import org.springframework.http.HttpHeaders;

import dev.weir.backend.Attempt;
import dev.weir.backend.Outcome;
import dev.weir.openai.stored.StoredObject;
import dev.weir.openai.stream.StreamEvent;
import dev.weir.openai.stream.Usage;

/**
 * What a request of a limited client has reserved. The tokens are corrected as soon as a
 * response reports its usage, and settled when the request ends, whichever way. The
 * attempts of one request are charged together: a stream that breaks off and continues at
 * another backend has used the tokens of both. Used on the loop of the request only.
 */
public final class Reservation {

	private final Account account;

	private final long promptTokens;

	private final boolean limitsTokens;

	private final boolean session;

	private boolean asksForUsage;

	// of attempts before the last one that reported any
	private long earlierTokens;

	// reported the tokens below
	private @Nullable Attempt attempt;

	// the last attempt that broke off, and what of the earlier tokens is of it
	private @Nullable Attempt broken;

	private long brokenTokens;

	private long tokens;

	private boolean known;

	private long deltas;

	// whether the last stream has reported an error
	private boolean failed;

	private @Nullable Outcome outcome;

	private boolean sent;

	// whether a response failed after it had begun
	private boolean partial;

	private boolean ended;

	private @Nullable StoredObject response;

	/**
	 * Creates a reservation.
	 * @param account where the request is charged
	 * @param promptTokens the estimated tokens of the prompt
	 * @param kind what of the request is limited
	 */
	public Reservation(Account account, long promptTokens, Kind kind) {
		this.account = account;
		this.promptTokens = promptTokens;
		this.limitsTokens = kind != Kind.REQUEST;
		this.session = kind == Kind.SESSION;
		this.asksForUsage = kind == Kind.STREAM_WITHOUT_USAGE;
	}

	/**
	 * Whether the tokens of the request are limited.
	 * @return {@code false} if only its number is
	 */
	public boolean limitsTokens() {
		return this.limitsTokens;
	}

	/**
	 * Whether a backend must be asked for the usage of a stream, because the client has
	 * not asked.
	 * @return whether it must
	 */
	public boolean asksForUsage() {
		return this.asksForUsage;
	}

	/** Stops asking for the usage, because a backend may have refused that. */
	public void stopAskingForUsage() {
		this.asksForUsage = false;
	}

	/**
	 * Corrects the charged tokens. The usage of an attempt replaces the one that it has
	 * reported before; in a session each usage adds.
	 * @param from the attempt whose response reports the usage
	 * @param usage the usage
	 */
	public void onUsage(Attempt from, Usage usage) {
		if (!this.limitsTokens) {
			return;
		}
		long total = usage.total();
		if (from == this.broken) {
			this.earlierTokens += total - this.brokenTokens;
			this.brokenTokens = total;
		}
		else {
			if (this.session || from != this.attempt) {
				this.earlierTokens += this.tokens;
				this.attempt = from;
			}
			this.tokens = total;
			this.known = true;
		}
		// otherwise the attempt that follows keeps what was reserved, until it ends
		if (this.known) {
			this.account.charge(this.earlierTokens + this.tokens);
		}
	}

	/**
	 * Follows a stream: its usage, and the number of its deltas in case none follows.
	 * @param from the attempt
	 * @param event an event of the backend
	 */
	public void onEvent(Attempt from, StreamEvent event) {
		Usage usage = event.usage();
		if (usage != null) {
			onUsage(from, usage);
		}
		// a delta that comes in pieces is one
		else if (event.kind() == StreamEvent.Kind.CONTENT && event.isEnd() && !event.isFinish()) {
			this.deltas++;
		}
		this.failed |= event.kind() == StreamEvent.Kind.ERROR;
	}

	/**
	 * Records the end of a session. A client must not get responses for nothing by
	 * leaving before they end.
	 * @param running the deltas of the responses that are running, whose usage will not
	 * be known
	 */
	public void onSessionEnd(long running) {
		this.deltas = running;
	}

	/**
	 * Records how an attempt ended.
	 * @param ended the attempt
	 * @param ofAttempt the outcome
	 */
	public void onAttemptEnd(Attempt ended, Outcome ofAttempt) {
		this.outcome = ofAttempt;
		this.sent = ended.hasStarted();
		if (ended.hasResponded() && ofAttempt.type().isPartial()) {
			this.partial = true;
			if (this.limitsTokens && !this.session) {
				onBroken(ended);
			}
		}
	}

	/** Another attempt may follow, with a usage that does not include this one. */
	private void onBroken(Attempt ended) {
		boolean reported = this.known && ended == this.attempt;
		this.earlierTokens += reported ? 0 : this.tokens;
		this.broken = ended;
		this.brokenTokens = reported ? this.tokens : this.promptTokens + this.deltas;
		this.earlierTokens += this.brokenTokens;
		this.attempt = null;
		this.tokens = 0;
		this.known = false;
		this.deltas = 0;
		this.failed = false;
	}

	/**
	 * Records the stored response that the request has made, whose usage may become known
	 * only when the client reads it.
	 * @param created the response
	 */
	public void onCreated(StoredObject created) {
		this.response = created;
	}

	/**
	 * The stored response that the request has made.
	 * @return the response, or {@code null} if there is none
	 */
	public @Nullable StoredObject response() {
		return this.response;
	}

	/**
	 * Where the request is charged.
	 * @return the account, which is safe for many threads
	 */
	public Account account() {
		return this.account;
	}

	/**
	 * Settles the reservation. Without effect when called again.
	 */
	public void end() {
		if (this.ended) {
			return;
		}
		this.ended = true;
		if (this.session) {
			this.account.charge(this.earlierTokens + this.tokens + this.deltas);
		}
		else if (this.limitsTokens && !this.known) {
			long used = used();
			if (used >= 0 || this.broken != null) {
				this.account.charge(this.earlierTokens + ((used >= 0) ? used : this.promptTokens));
			}
		}
		this.account.end(countsAsRequest());
	}

	/**
	 * The tokens of the last attempt, whose usage is not known; -1 to charge what was
	 * reserved.
	 */
	private long used() {
		if (this.outcome == null) {
			return 0;
		}
		return switch (this.outcome.type()) {
			case SERVED -> (this.deltas > 0 || this.failed) ? this.promptTokens + this.deltas : -1;
			case CANCELLED -> this.sent ? this.promptTokens + this.deltas : 0;
			// a response that had begun before is among the earlier tokens
			case BROKEN, THROTTLED, TOO_LARGE, OUT_OF_QUOTA, FAILED, DENIED, NO_CREDENTIAL, NOT_SERVED, REJECTED,
					TOO_LONG, NOT_MINE ->
				0;
		};
	}

	/**
	 * A request that fails because of its content counts, unlike one that no backend
	 * took.
	 */
	private boolean countsAsRequest() {
		if (this.outcome == null) {
			return false;
		}
		if (this.partial) {
			return true;
		}
		return switch (this.outcome.type()) {
			case SERVED, BROKEN, REJECTED, TOO_LONG, TOO_LARGE, NOT_MINE -> true;
			case CANCELLED -> this.sent;
			case THROTTLED, OUT_OF_QUOTA, FAILED, DENIED, NO_CREDENTIAL, NOT_SERVED -> false;
		};
	}

	/**
	 * Replaces the {@code x-ratelimit-} headers of a backend with those of the client.
	 * @param headers the headers of the reply
	 */
	public void writeHeaders(HttpHeaders headers) {
		this.account.writeHeaders(headers);
	}

	/** What of a request is limited. */
	public enum Kind {

		/** The number of requests only. */
		REQUEST,

		/** The tokens, too. */
		TOKENS,

		/** The tokens, too, of a stream that would not report them. */
		STREAM_WITHOUT_USAGE,

		/** The tokens of all responses of a realtime session. */
		SESSION

	}

	/**
	 * The part of a client's limits that one request is charged to.
	 */
	public interface Account {

		/**
		 * Sets the tokens of the request.
		 * @param total all its tokens, which replace the reserved ones
		 */
		void charge(long total);

		/**
		 * Sets the tokens of the request, as another request reports them that reads its
		 * result. {@link #charge} has no effect any more. A further call replaces the
		 * number.
		 * @param total all its tokens
		 */
		void settle(long total);

		/**
		 * Ends the request. Called once.
		 * @param counts whether it counts as a request
		 */
		void end(boolean counts);

		/**
		 * Replaces the {@code x-ratelimit-} headers of a backend with those of the
		 * client.
		 * @param headers the headers of the reply
		 */
		void writeHeaders(HttpHeaders headers);

	}

}
