package dev.weir.failover;

import java.io.IOException;
import java.net.ConnectException;
import java.net.UnknownHostException;
import java.time.Duration;
import java.time.Instant;
import java.util.Set;
import java.util.function.Function;

import javax.net.ssl.SSLException;
import javax.net.ssl.SSLHandshakeException;

import io.netty.channel.ConnectTimeoutException;
import io.netty.handler.ssl.NotSslRecordException;
import org.jspecify.annotations.Nullable;
import reactor.netty.internal.shaded.reactor.pool.PoolAcquirePendingLimitException;
import reactor.netty.internal.shaded.reactor.pool.PoolAcquireTimeoutException;

import dev.weir.api.ApiErrorCode;
import dev.weir.backend.Outcome;
import dev.weir.backend.Outcome.Failure;
import dev.weir.backend.OutcomeException;
import dev.weir.config.CooldownProperties;

/**
 * Tells what an attempt came to. Pure: it reads a status, headers and a body, or an
 * exception, and knows nothing else.
 */
final class OutcomeClassifier {

	// 429s that waiting does not cure; from OpenAI's guide to error codes
	private static final Set<String> QUOTA_SPENT = Set.of("insufficient_quota", "credit_balance_exhausted",
			"organization_spend_limit_exceeded", "project_spend_limit_exceeded", "organization_usage_limit_exceeded");

	// Azure's, and what OpenAI and its compatible servers say
	private static final Set<String> NO_SUCH_DEPLOYMENT = Set.of("DeploymentNotFound", "model_not_found");

	private static final Set<String> TOO_LONG = Set.of("context_length_exceeded");

	private static final Set<String> RATE_LIMITED = Set.of("429", "rate_limit_exceeded", "rate_limit_error",
			"too_many_requests", "TooManyRequests");

	private static final Set<String> DENIED = Set.of("401", "403", "invalid_api_key", "PermissionDenied");

	private static final Set<String> CALLERS_OWN = Set.of("400", "content_filter", "ResponsibleAIPolicyViolation",
			"invalid_request_error");

	private final CooldownProperties rests;

	OutcomeClassifier(CooldownProperties rests) {
		this.rests = rests;
	}

	/**
	 * Whether the body of an answer with this status must be read to classify it.
	 * @param status the HTTP status
	 * @return whether {@link #classify} needs the body
	 */
	static boolean needsBody(int status) {
		return status == 400 || status == 401 || status == 403 || status == 404 || status == 408 || status == 429
				|| isServerError(status) || isRedirect(status);
	}

	// 501 says that the backend does not know the operation, which is no failure
	private static boolean isServerError(int status) {
		return status >= 500 && status != 501;
	}

	/**
	 * Whether an answer sends the caller elsewhere. No API of OpenAI or Azure OpenAI does
	 * so for its operations; a backend that does has a wrong URL here, and whoever
	 * followed would take a credential to another host.
	 */
	private static boolean isRedirect(int status) {
		return status >= 300 && status < 400 && status != 304;
	}

	/**
	 * Classifies an answer.
	 * @param status the HTTP status
	 * @param headers the response headers by lower-case name
	 * @param code the error that the body names
	 * @param now the time, for delays given as a date
	 * @return the outcome
	 */
	Outcome classify(int status, Function<String, @Nullable String> headers, ApiErrorCode code, Instant now) {
		if (isRedirect(status)) {
			return new Outcome.Failed(Failure.STATUS, status + " (a redirect, which is not followed)", null);
		}
		if (status < 400) {
			return new Outcome.Served(status);
		}
		if (status == 400 && isOneOf(TOO_LONG, code)) {
			return new Outcome.TooLong();
		}
		if (status == 429) {
			boolean spent = isOneOf(QUOTA_SPENT, code);
			return spent ? new Outcome.OutOfQuota() : new Outcome.Throttled(rest(headers, now));
		}
		if (status == 401 || status == 403) {
			return new Outcome.Denied(status);
		}
		if (status == 404 && isOneOf(NO_SUCH_DEPLOYMENT, code)) {
			return new Outcome.NoSuchDeployment();
		}
		if (status == 408 || isServerError(status)) {
			Duration delay = RetryAfter.parse(headers, now);
			return new Outcome.Failed(Failure.STATUS, String.valueOf(status), (delay != null) ? capped(delay) : null);
		}
		return new Outcome.Rejected(status);
	}

	/**
	 * Classifies an error that a backend sends in place of a stream's first event, behind
	 * a status of success.
	 * @param code the error that the event names
	 * @return the outcome
	 */
	Outcome classifyEvent(ApiErrorCode code) {
		if (isOneOf(QUOTA_SPENT, code)) {
			return new Outcome.OutOfQuota();
		}
		if (isOneOf(RATE_LIMITED, code)) {
			return new Outcome.Throttled(this.rests.standard());
		}
		if (isOneOf(NO_SUCH_DEPLOYMENT, code)) {
			return new Outcome.NoSuchDeployment();
		}
		if (isOneOf(TOO_LONG, code)) {
			return new Outcome.TooLong();
		}
		if (isOneOf(DENIED, code)) {
			return new Outcome.Denied(401);
		}
		// invalid_prompt, invalid_image and their like
		if (isOneOf(CALLERS_OWN, code) || (code.code() != null && code.code().startsWith("invalid_"))) {
			return new Outcome.Rejected(400);
		}
		return new Outcome.Failed(Failure.STATUS, "an error in place of its first event", null);
	}

	private Duration rest(Function<String, @Nullable String> headers, Instant now) {
		Duration delay = RetryAfter.parse(headers, now);
		if (delay == null || delay.isZero()) {
			delay = RetryAfter.fromRateLimitReset(headers);
		}
		// a delay of zero would invite the next request to the very lane that refuses
		return (delay == null || delay.isZero()) ? this.rests.standard() : capped(delay);
	}

	private Duration capped(Duration delay) {
		return (delay.compareTo(this.rests.max()) > 0) ? this.rests.max() : delay;
	}

	private static boolean isOneOf(Set<String> codes, ApiErrorCode code) {
		return (code.code() != null && codes.contains(code.code()))
				|| (code.type() != null && codes.contains(code.type()));
	}

	/**
	 * Classifies an attempt that brought no answer.
	 * @param error what was thrown
	 * @return the outcome
	 */
	static Outcome classify(Throwable error) {
		if (error instanceof OutcomeException known) {
			return known.outcome();
		}
		if (error instanceof PoolAcquireTimeoutException || error instanceof PoolAcquirePendingLimitException) {
			return failed(Failure.LOCAL, "too many requests waiting for a connection");
		}
		if (error instanceof ConnectTimeoutException) {
			return failed(Failure.UNREACHED, "no connection in time");
		}
		if (error instanceof UnknownHostException) {
			return failed(Failure.UNREACHED, "an unknown host name");
		}
		if (error instanceof ConnectException) {
			return failed(Failure.UNREACHED, "a refused connection");
		}
		if (error instanceof SSLException) {
			// later than the handshake the request may have arrived
			boolean unreached = error instanceof SSLHandshakeException || error instanceof NotSslRecordException;
			return failed(unreached ? Failure.UNREACHED : Failure.CONNECTION,
					"a TLS failure (" + error.getMessage() + ")");
		}
		// the rest is what a broken connection or an answer that is not HTTP throws
		return failed(Failure.CONNECTION, (error instanceof IOException) ? "a broken connection"
				: "an answer that cannot be read (" + error.getClass().getSimpleName() + ")");
	}

	private static Outcome failed(Failure kind, String words) {
		return new Outcome.Failed(kind, words, null);
	}

}
