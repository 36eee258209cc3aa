package dev.weir.backend;

import java.time.Duration;

import org.jspecify.annotations.Nullable;

/**
 * What an attempt came to. The one classification that failover, cooldown, circuit
 * breaker, metrics and log read.
 */
public sealed interface Outcome {

	/**
	 * Returns what kind of outcome it is.
	 * @return the kind, for an exhaustive switch
	 */
	OutcomeType type();

	/**
	 * Returns one word for metrics.
	 * @return the label, of a small fixed set
	 */
	default String label() {
		return type().label();
	}

	/**
	 * What happened, in words that fit behind "after".
	 * @return the words
	 */
	String description();

	/**
	 * The backend answered with success.
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
	 * The request alone is larger than the whole quota of the lane, so that no waiting
	 * helps; a smaller request would be served.
	 *
	 * @param status the HTTP status, 402, 413 or 429
	 * @param requested how many tokens the backend counted for the request, or
	 * {@code null} if it did not say
	 * @param limit how many the lane has, or {@code null} if the backend did not say
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
	 * The money or the quota of the backend's account is spent, and waiting does not
	 * bring it back.
	 *
	 * @param status the HTTP status
	 * @param refusal what the backend said and what helps
	 */
	record OutOfQuota(int status, Refusal refusal) implements Outcome {

		@Override
		public OutcomeType type() {
			return OutcomeType.OUT_OF_QUOTA;
		}

		@Override
		public String description() {
			return this.status + " (quota spent)";
		}

	}

	/**
	 * The backend failed before an answer began.
	 *
	 * @param kind what kind of failure
	 * @param description what happened, in words
	 * @param retryAfter how long the backend wants to be left alone, or {@code null} if
	 * it did not say
	 */
	record Failed(Failure kind, String description, @Nullable Duration retryAfter) implements Outcome {

		/**
		 * A backend that sent no answer, or no first event, in time.
		 * @param limit how long it had
		 * @return the outcome
		 */
		public static Failed silence(Duration limit) {
			return new Failed(Failure.TIMEOUT, "no response within " + Durations.format(limit), null);
		}

		/**
		 * A backend that took no more of the request for too long.
		 * @param limit how long it took nothing
		 * @return the outcome
		 */
		public static Failed notAccepted(Duration limit) {
			return new Failed(Failure.TIMEOUT, "nothing of the request accepted for " + Durations.format(limit), null);
		}

		/**
		 * Whether it was the backend's doing, and not that of Weir's own limits.
		 * @return whether the backend is to blame
		 */
		boolean isBackendFault() {
			return this.kind != Failure.LOCAL && this.kind != Failure.DEADLINE;
		}

		@Override
		public OutcomeType type() {
			return OutcomeType.FAILED;
		}

	}

	/**
	 * The backend refuses Weir's credential, or the place Weir calls from (401, 403).
	 *
	 * @param status the HTTP status
	 * @param proof how certain it is that the credential is meant, and not the request
	 * @param refusal what the backend said and what helps
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

		/** The response says so: the backend is set aside at once. */
		STATED,

		/**
		 * The response gives no reason: it counts, and several different requests in a
		 * row set the backend aside.
		 */
		NO_REASON,

		/**
		 * A page, as firewalls send it because of the text of a prompt: it never counts.
		 */
		PAGE

	}

	/**
	 * Weir has no credential to call the backend with, so it was not called.
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
	 * @param scope what the backend does not serve
	 * @param refusal what the backend said and what helps
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

	/** What a backend does not serve. */
	enum Scope {

		/** The model: no deployment, or no right to use it. */
		MODEL,

		/** The operation, for this model, as the response says outright. */
		OPERATION,

		/**
		 * The operation, as a bare 404, 405 or 501 suggests. It counts only where the
		 * lane has not served that operation before: a proxy in between may say 404 while
		 * a server restarts.
		 */
		OPERATION_IMPLIED,

		/**
		 * What this request names beside its model, such as the model of a tool or a
		 * version of the API: nothing is set aside.
		 */
		REQUEST

	}

	/**
	 * The backend refused the request itself; every other one would too.
	 *
	 * @param status the HTTP status, 400 to 499
	 */
	record Rejected(int status) implements Outcome {

		@Override
		public OutcomeType type() {
			return OutcomeType.REJECTED;
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
	 * The answer broke off, or fell silent, after it had begun.
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
	 * The client went away; nobody's fault.
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
	 * The kinds of failure before an answer.
	 */
	enum Failure {

		/**
		 * As many connections are open as Weir's own settings allow: the backend has not
		 * seen the request and is not to blame.
		 */
		LOCAL,
		/** A 408, a 5xx or a redirect, or an error in place of a first event. */
		STATUS,

		/** No connection: the backend has not seen the request. */
		UNREACHED,

		/** The connection broke before the answer began, or the answer made no sense. */
		CONNECTION,

		/**
		 * The request's deadline was over before the backend had its time: it is not to
		 * blame.
		 */
		DEADLINE,
		/** No answer, or no first event, in time. */
		TIMEOUT

	}

}
