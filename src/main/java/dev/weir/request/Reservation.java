package dev.weir.request;

import org.jspecify.annotations.Nullable;

import org.springframework.http.HttpHeaders;

import dev.weir.backend.Attempt;
import dev.weir.backend.Outcome;
import dev.weir.openai.stream.StreamEvent;
import dev.weir.openai.stream.Usage;

/**
 * What a request of a limited client has reserved. The tokens are corrected as soon as a
 * response reports its usage, and settled when the request ends, whichever way. Used on
 * the loop of the request only.
 */
public final class Reservation {

	private final Account account;

	private final long promptTokens;

	private final boolean limitsTokens;

	private final boolean session;

	private boolean asksForUsage;

	// the usage of attempts before the last one that reported any
	private long earlierTokens;

	private @Nullable Attempt attempt;

	private long tokens;

	private boolean known;

	private long deltas;

	private @Nullable Outcome outcome;

	private boolean sent;

	private boolean ended;

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
		if (this.session || from != this.attempt) {
			this.earlierTokens += this.tokens;
			this.attempt = from;
		}
		this.tokens = usage.inputTokens() + usage.outputTokens();
		this.known = true;
		this.account.charge(this.earlierTokens + this.tokens);
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
		else if (event.kind() == StreamEvent.Kind.CONTENT && !event.isFinish()) {
			this.deltas++;
		}
	}

	/**
	 * Records how an attempt ended.
	 * @param ofAttempt the outcome
	 * @param started whether the backend was called
	 */
	public void onAttemptEnd(Outcome ofAttempt, boolean started) {
		this.outcome = ofAttempt;
		this.sent = started;
	}

	/**
	 * Settles the reservation. Without effect when called again.
	 */
	public void end() {
		if (this.ended) {
			return;
		}
		this.ended = true;
		if (this.limitsTokens && !this.known) {
			long used = used();
			if (used >= 0) {
				this.account.charge(used);
			}
		}
		this.account.end(countsAsRequest());
	}

	/**
	 * The tokens of a request whose usage is not known; -1 to charge what was reserved.
	 */
	private long used() {
		if (this.outcome == null || this.session) {
			return 0;
		}
		return switch (this.outcome.type()) {
			case SERVED -> (this.deltas > 0) ? this.promptTokens + this.deltas : -1;
			case BROKEN -> this.promptTokens + this.deltas;
			case CANCELLED -> this.sent ? this.promptTokens + this.deltas : 0;
			case THROTTLED, TOO_LARGE, OUT_OF_QUOTA, FAILED, DENIED, NO_CREDENTIAL, NOT_SERVED, REJECTED, TOO_LONG,
					NOT_MINE ->
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
