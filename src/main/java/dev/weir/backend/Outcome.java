package dev.weir.backend;

import java.time.Duration;

import org.jspecify.annotations.Nullable;

/**
 * The outcome of an attempt. Failover, cooldowns, circuit breaker, metrics and log all
 * use this one classification.
 */
public sealed interface Outcome {

	/**
	 * The type of the outcome, for an exhaustive switch.
	 * @return the type
	 */
	OutcomeType type();

	/**
	 * Whether the backend has not got what the request names.
	 * @return whether the client gets a 404 of the backend
	 */
	default boolean isNotFound() {
		return false;
	}

	/**
	 * The value of the tag in metrics.
	 * @return the label, of a small fixed set
	 */
	default String label() {
		return type().label();
	}

	/**
	 * Describes the outcome for logs, in a form that fits after the word "after".
	 * @return the description
	 */
	String description();

	/**
	 * The backend served the request.
	 *
	 * @param status the HTTP status, 200 to 299 or 304
	 */
	record Served(int status) implements Outcome {

		@Override
		public OutcomeType type() {
			return OutcomeType.SERVED;
		}

		@Override
		public String description() {
			return String.valueOf(this.status);
		}

	}

	/**
	 * The lane has no quota left for now (429).
	 *
	 * @param cooldown how long the lane is in cooldown
	 */
	record Throttled(Duration cooldown) implements Outcome {

		@Override
		public OutcomeType type() {
			return OutcomeType.THROTTLED;
		}

		@Override
		public String description() {
			return "429";
		}

	}

	/**
	 * The request alone exceeds the whole quota of the lane, so waiting does not help. A
	 * smaller request would be served.
	 *
	 * @param status the HTTP status, 402, 413 or 429
	 * @param requested how many tokens the backend counted for the request, or
	 * {@code null} if not known
	 * @param limit how many tokens the lane has in all, or {@code null} if not known
	 */
	record TooLarge(int status, @Nullable Long requested, @Nullable Long limit) implements Outcome {

		@Override
		public OutcomeType type() {
			return OutcomeType.TOO_LARGE;
		}

		@Override
		public String description() {
			return this.status + " (larger than the quota)";
		}

	}

	/**
	 * The credit or the quota of the backend's account is used up, and waiting does not
	 * restore it.
	 *
	 * @param status the HTTP status
	 * @param refusal the backend's message, and what an operator can do
	 */
	record OutOfQuota(int status, Refusal refusal) implements Outcome {

		@Override
		public OutcomeType type() {
			return OutcomeType.OUT_OF_QUOTA;
		}

		@Override
		public String description() {
			return this.status + " (quota used up)";
		}

	}

	/**
	 * The backend failed before its response began.
	 *
	 * @param kind the kind of failure
	 * @param description what happened, for logs
	 * @param retryAfter the delay that the backend asks for, or {@code null} if none
	 * @param limit the time limit that the backend exceeded, or {@code null} if it
	 * exceeded none but the deadline of the request
	 */
	record Failed(Failure kind, String description, @Nullable Duration retryAfter,
			@Nullable TimeLimit limit) implements Outcome {

		/**
		 * Creates a failure without a time limit.
		 * @param kind the kind of failure
		 * @param description what happened, for logs
		 * @param retryAfter the delay that the backend asks for, or {@code null} if none
		 */
		public Failed(Failure kind, String description, @Nullable Duration retryAfter) {
			this(kind, description, retryAfter, null);
		}

		/**
		 * The backend sent no response, or no first event, in time.
		 * @param limit how long it had
		 * @return the outcome
		 */
		public static Failed silence(TimeLimit limit) {
			return new Failed(Failure.TIMEOUT, "no response within " + DurationText.of(limit.duration()), null, limit);
		}

		/**
		 * The backend did not read the request for too long.
		 * @param limit how long it read nothing
		 * @return the outcome
		 */
		public static Failed notAccepted(TimeLimit limit) {
			return new Failed(Failure.TIMEOUT,
					"nothing of the request accepted for " + DurationText.of(limit.duration()), null, limit);
		}

		/**
		 * Whether the backend caused it, and not one of Weir's own limits.
		 * @return whether it counts as a failure of the backend
		 */
		boolean isBackendFault() {
			return switch (this.kind) {
				case STATUS, UNREACHED, CONNECTION, TIMEOUT -> true;
				case LOCAL, DEADLINE -> false;
			};
		}

		@Override
		public OutcomeType type() {
			return OutcomeType.FAILED;
		}

	}

	/**
	 * The backend refuses Weir's credential or network address (401, 403).
	 *
	 * @param status the HTTP status
	 * @param proof how certain it is that it refuses the credential, and not the request
	 * @param refusal the message of the backend, and what an operator can do
	 */
	record Denied(int status, Proof proof, Refusal refusal) implements Outcome {

		@Override
		public OutcomeType type() {
			return OutcomeType.DENIED;
		}

		@Override
		public String description() {
			return (this.proof == Proof.STATED) ? String.valueOf(this.status) : this.status + " (without a reason)";
		}

	}

	/** How certain it is that a backend refuses Weir's credential. */
	enum Proof {

		/** The response states it: the backend is set aside at once. */
		STATED,

		/**
		 * The response gives no reason. After several different requests in a row the
		 * backend is set aside.
		 */
		NO_REASON,

		/**
		 * An HTML page, as a firewall sends it because of the text of a prompt. It never
		 * sets the backend aside.
		 */
		PAGE

	}

	/**
	 * Weir has no credential for the backend, so it was not called.
	 *
	 * @param description why, without any secret
	 */
	record NoCredential(String description) implements Outcome {

		@Override
		public OutcomeType type() {
			return OutcomeType.NO_CREDENTIAL;
		}

	}

	/**
	 * The backend does not serve this model, or not this operation (401, 403, 404, 405,
	 * 501).
	 *
	 * @param status the HTTP status
	 * @param scope which part the backend does not serve
	 * @param refusal the message of the backend, and what an operator can do
	 */
	record NotServed(int status, Scope scope, Refusal refusal) implements Outcome {

		@Override
		public OutcomeType type() {
			return OutcomeType.NOT_SERVED;
		}

		@Override
		public String description() {
			return this.status + switch (this.scope) {
				case MODEL -> " (model not served)";
				case OPERATION, OPERATION_IMPLIED -> " (operation not served)";
				case REQUEST -> " (a part of the request not served)";
			};
		}

	}

	/** Which part a backend does not serve. */
	enum Scope {

		/** The model: no deployment, or no right to use it. */
		MODEL,

		/** The operation, for this model, as the response states. */
		OPERATION,

		/**
		 * The operation, as a bare 404, 405 or 501 suggests. It counts only if the lane
		 * has not served that operation before, because a proxy may respond with 404
		 * while a server restarts.
		 */
		OPERATION_IMPLIED,

		/**
		 * Something that this request names beside its model, such as the model of a tool
		 * or a version of the API. Nothing is set aside.
		 */
		REQUEST

	}

	/**
	 * The backend refused the request itself; every other backend would refuse it, too.
	 *
	 * @param status the HTTP status, 400 to 499
	 */
	record Rejected(int status) implements Outcome {

		private static final int NOT_FOUND = 404;

		@Override
		public OutcomeType type() {
			return OutcomeType.REJECTED;
		}

		@Override
		public boolean isNotFound() {
			return this.status == NOT_FOUND;
		}

		@Override
		public String description() {
			return String.valueOf(this.status);
		}

	}

	/**
	 * The request is longer than the context of this deployment (400
	 * {@code context_length_exceeded}). A provisioned deployment may take a shorter one
	 * than a standard deployment of the same model.
	 */
	record TooLong() implements Outcome {

		@Override
		public OutcomeType type() {
			return OutcomeType.TOO_LONG;
		}

		@Override
		public String description() {
			return "400 (too long)";
		}

	}

	/**
	 * The request contains something that another backend made, such as encrypted
	 * reasoning or the id of an item, and that this one does not know.
	 *
	 * @param status the HTTP status, 400 or 404
	 */
	record NotMine(int status) implements Outcome {

		@Override
		public OutcomeType type() {
			return OutcomeType.NOT_MINE;
		}

		@Override
		public String description() {
			return this.status + " (made by another backend)";
		}

	}

	/**
	 * The response broke off, or stopped without an end, after it had begun.
	 */
	record Broken() implements Outcome {

		@Override
		public OutcomeType type() {
			return OutcomeType.BROKEN;
		}

		@Override
		public String description() {
			return "a break in the middle of the response";
		}

	}

	/**
	 * The client left.
	 */
	record Cancelled() implements Outcome {

		@Override
		public OutcomeType type() {
			return OutcomeType.CANCELLED;
		}

		@Override
		public String description() {
			return "the client left";
		}

	}

	/**
	 * The kinds of failure before a response.
	 */
	enum Failure {

		/**
		 * The limit of open connections in Weir's own settings is reached. The backend
		 * has not received the request.
		 */
		LOCAL,
		/** A 408, a 5xx or a redirect, or an error in place of a first event. */
		STATUS,

		/** No connection: the backend has not received the request. */
		UNREACHED,

		/**
		 * The connection broke before the response began, or the response is not HTTP.
		 */
		CONNECTION,

		/**
		 * The deadline passed, and this backend had less than half of the request's time.
		 */
		DEADLINE,
		/** No response, or no first event, in time. */
		TIMEOUT

	}

}
