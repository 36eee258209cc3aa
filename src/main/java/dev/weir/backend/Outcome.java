package dev.weir.backend;

import java.time.Duration;

import org.jspecify.annotations.Nullable;

/**
 * What an attempt came to. The one classification that failover, cooldown, circuit
 * breaker, metrics and log read.
 */
public sealed interface Outcome {

	/**
	 * One word for metrics.
	 * @return the label, of a small fixed set
	 */
	String label();

	/**
	 * What happened, in words that fit behind "after".
	 * @return the words
	 */
	String words();

	/**
	 * Whether another lane may take the request after it.
	 * @return whether the request may go on
	 */
	default boolean mayGoOn() {
		return !(this instanceof Served || this instanceof Rejected || this instanceof Broken
				|| this instanceof Cancelled);
	}

	/**
	 * Whether going on after it costs from the pool's retry budget. Throttling does not:
	 * the lane that said 429 rests, so it cannot feed a storm.
	 * @return whether it costs
	 */
	default boolean costsRetry() {
		return this instanceof Failed;
	}

	/**
	 * The backend answered with success.
	 *
	 * @param status the HTTP status, 200 to 299 or 304
	 */
	record Served(int status) implements Outcome {

		@Override
		public String label() {
			return "served";
		}

		@Override
		public String words() {
			return String.valueOf(this.status);
		}

	}

	/**
	 * The lane has no quota left for now (429).
	 *
	 * @param rest how long the lane rests
	 */
	record Throttled(Duration rest) implements Outcome {

		@Override
		public String label() {
			return "throttled";
		}

		@Override
		public String words() {
			return "429";
		}

	}

	/**
	 * The backend's quota is spent and waiting does not bring it back (429
	 * {@code insufficient_quota} and its kin).
	 */
	record OutOfQuota() implements Outcome {

		@Override
		public String label() {
			return "out_of_quota";
		}

		@Override
		public String words() {
			return "429 (quota spent)";
		}

	}

	/**
	 * The backend failed before an answer began.
	 *
	 * @param kind what kind of failure
	 * @param words what happened, in words
	 * @param retryAfter how long the backend wants to be left alone, or {@code null} if
	 * it did not say
	 */
	record Failed(Failure kind, String words, @Nullable Duration retryAfter) implements Outcome {

		/**
		 * A backend that sent no answer, or no first event, in time.
		 * @param limit how long it had
		 * @return the outcome
		 */
		public static Failed silence(Duration limit) {
			return new Failed(Failure.TIMEOUT, "no answer within " + Durations.words(limit), null);
		}

		/**
		 * Whether it was the backend's doing, and not that of Weir's own limits.
		 * @return whether the backend is to blame
		 */
		boolean isBackends() {
			return this.kind != Failure.LOCAL && this.kind != Failure.DEADLINE;
		}

		@Override
		public String label() {
			return "failed";
		}

	}

	/**
	 * The backend refuses Weir's credential (401, 403).
	 *
	 * @param status the HTTP status
	 */
	record Denied(int status) implements Outcome {

		@Override
		public String label() {
			return "denied";
		}

		@Override
		public String words() {
			return String.valueOf(this.status);
		}

	}

	/**
	 * Weir has no credential to call the backend with, so it was not called.
	 *
	 * @param words why, without any secret
	 */
	record NoCredential(String words) implements Outcome {

		@Override
		public String label() {
			return "no_credential";
		}

	}

	/**
	 * The backend has no deployment for the model (404 {@code DeploymentNotFound}).
	 */
	record NoSuchDeployment() implements Outcome {

		@Override
		public String label() {
			return "no_such_deployment";
		}

		@Override
		public String words() {
			return "404 (no such deployment)";
		}

	}

	/**
	 * The backend refused the request itself; every other one would too.
	 *
	 * @param status the HTTP status, 400 to 499
	 */
	record Rejected(int status) implements Outcome {

		@Override
		public String label() {
			return "rejected";
		}

		@Override
		public String words() {
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
		public String label() {
			return "too_long";
		}

		@Override
		public String words() {
			return "400 (too long)";
		}

	}

	/**
	 * The answer broke off, or fell silent, after it had begun.
	 */
	record Broken() implements Outcome {

		@Override
		public String label() {
			return "broken";
		}

		@Override
		public String words() {
			return "a break in mid-answer";
		}

	}

	/**
	 * The client went away; nobody's fault.
	 */
	record Cancelled() implements Outcome {

		@Override
		public String label() {
			return "cancelled";
		}

		@Override
		public String words() {
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
