package dev.weir.classify;

import java.io.IOException;
import java.net.ConnectException;
import java.net.UnknownHostException;
import java.time.Duration;
import java.time.Instant;
import java.util.function.Function;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLHandshakeException;

import io.netty.channel.ConnectTimeoutException;
import io.netty.handler.ssl.NotSslRecordException;
import org.jspecify.annotations.Nullable;
import reactor.netty.internal.shaded.reactor.pool.PoolAcquirePendingLimitException;
import reactor.netty.internal.shaded.reactor.pool.PoolAcquireTimeoutException;

import dev.weir.backend.Outcome;
import dev.weir.backend.Outcome.Failure;
import dev.weir.backend.OutcomeException;
import dev.weir.config.CooldownProperties;
import dev.weir.classify.RefusalRules.Subject;
import dev.weir.memory.OutOfMemory;
import dev.weir.openai.error.ErrorDetails;
import dev.weir.openai.quota.QuotaHeaders;

/**
 * Classifies the outcome of an attempt by the status, headers and body of its response,
 * or by an exception. Has no state. {@link RefusalRules} decide the subject of a refusal.
 */
public final class OutcomeClassifier {

	// the delay that Azure sends if a request exceeds the whole quota
	private static final Duration DAY = Duration.ofDays(1);

	private final CooldownProperties cooldowns;

	private final AttemptFacts attempt;

	/**
	 * Creates a classifier for the response to an attempt.
	 * @param cooldowns the durations of cooldowns
	 * @param attempt the facts of the attempt
	 */
	public OutcomeClassifier(CooldownProperties cooldowns, AttemptFacts attempt) {
		this.cooldowns = cooldowns;
		this.attempt = attempt;
	}

	/**
	 * Whether the body of a response with this status must be read to classify it.
	 * @param status the HTTP status
	 * @return whether {@link #classify} needs the body
	 */
	public static boolean needsBody(int status) {
		return status >= 400 || isRedirect(status);
	}

	/**
	 * Whether a response is a redirect. No operation of OpenAI or Azure OpenAI redirects,
	 * so the configured URL is wrong. Following it would send a credential to another
	 * host.
	 */
	private static boolean isRedirect(int status) {
		return status >= 300 && status < 400 && status != 304;
	}

	/**
	 * Classifies a response by its status alone.
	 * @param status the HTTP status, for which {@link #needsBody} is {@code false}
	 * @return the outcome
	 */
	public static Outcome classify(int status) {
		return new Outcome.Served(status);
	}

	/**
	 * Classifies a response that is an error or a redirect.
	 * @param error the response
	 * @param now the time, for delays given as a date
	 * @return the outcome
	 */
	public Outcome classify(ErrorFacts error, Instant now) {
		if (isRedirect(error.status())) {
			return new Outcome.Failed(Failure.STATUS, error.status() + " (a redirect, which is not followed)", null);
		}
		Subject subject = RefusalRules.subject(error.status(), error.reason(), error.page(),
				this.attempt.isKnownOperation());
		if (subject == Subject.REQUEST && this.attempt.isRefusedUpgrade(error.status())) {
			subject = Subject.OPERATION_IMPLIED;
		}
		return switch (subject) {
			case RATE -> throttled(error, now);
			case BACKEND -> failed(error, now);
			case SIZE, CONTEXT, ACCOUNT, ELSEWHERE, MODEL, OPERATION, OPERATION_IMPLIED, REQUEST, CREDENTIAL, UNKNOWN,
					PAGE ->
				refused(subject, error);
		};
	}

	/**
	 * Classifies a response to a WebSocket handshake whose server ignores the upgrade.
	 * @param response the response
	 * @param status its HTTP status, 200 to 299
	 * @return the outcome
	 */
	public Outcome classifyWithoutUpgrade(ErrorFacts response, int status) {
		return new Outcome.NotServed(status, Outcome.Scope.OPERATION_IMPLIED,
				this.attempt.refusal(response, Cure.OPERATION));
	}

	/**
	 * The status of an error if it were not in a 2xx response.
	 * @param error the error
	 * @return the status, 400 to 599
	 */
	public int statusOf(ErrorFacts error) {
		return error.statusOr(
				RefusalRules.subject(error.status(), error.reason(), error.page(), this.attempt.isKnownOperation()));
	}

	/**
	 * Whether a refusal shows that the backend does not know the path of a request, which
	 * is one of the API. A refusal for lack of a permission does not show it.
	 * @param error the response
	 * @return whether the path is unknown there
	 */
	public static boolean isUnknownPath(ErrorFacts error) {
		int status = error.status();
		if (status != 404 && status != 405 && status != 501 && status != RefusalRules.INSIDE) {
			return false;
		}
		Subject subject = RefusalRules.subject(status, error.reason(), error.page(), true);
		return subject == Subject.OPERATION || subject == Subject.OPERATION_IMPLIED;
	}

	private Outcome throttled(ErrorFacts error, Instant now) {
		if (isDayForOneRequest(error, now)) {
			return new Outcome.TooLarge(error.status(), null, null);
		}
		return new Outcome.Throttled(cooldown(error.headers(), now));
	}

	/**
	 * Whether a request exceeds the whole quota of tokens per minute. Azure OpenAI then
	 * sends a delay of a day, though it serves other requests: there are tokens left, or
	 * a smaller request was just served. If the quota of requests is used up, the day may
	 * be right.
	 */
	private boolean isDayForOneRequest(ErrorFacts error, Instant now) {
		Duration delay = RetryAfter.parse(error.headers(), now);
		if (!this.attempt.azure() || delay == null || delay.compareTo(DAY) < 0) {
			return false;
		}
		QuotaHeaders limits = QuotaHeaders.read(error.headers());
		if (limits.requests() != null && limits.requests().left() == 0) {
			return false;
		}
		return this.attempt.smallerServed() || (limits.tokens() != null && limits.tokens().left() > 0);
	}

	private Outcome failed(ErrorFacts error, Instant now) {
		if (error.inside()) {
			return new Outcome.Failed(Failure.STATUS, "an error in place of a response", null);
		}
		Duration delay = RetryAfter.parse(error.headers(), now);
		return new Outcome.Failed(Failure.STATUS, String.valueOf(error.status()),
				(delay != null) ? capped(delay) : null);
	}

	private Outcome refused(Subject subject, ErrorFacts error) {
		int status = error.statusOr(subject);
		return switch (subject) {
			case SIZE -> {
				OversizedRequest numbers = OversizedRequest.read(error.reason().message());
				yield new Outcome.TooLarge(status, (numbers != null) ? Long.valueOf(numbers.requested()) : null,
						(numbers != null) ? Long.valueOf(numbers.limit()) : null);
			}
			case CONTEXT -> new Outcome.TooLong();
			case ELSEWHERE -> this.attempt.hasItems() ? new Outcome.NotMine(status) : new Outcome.Rejected(status);
			case ACCOUNT -> new Outcome.OutOfQuota(status, this.attempt.refusal(error, Cure.ACCOUNT));
			case MODEL -> this.attempt.mayMeanOtherModel(error.reason().message()) ? partNotServed(status, error)
					: new Outcome.NotServed(status, Outcome.Scope.MODEL, this.attempt.refusal(error, Cure.MODEL));
			case OPERATION -> (this.attempt.isKnownOperation() || status == 401 || status == 403)
					? new Outcome.NotServed(status, Outcome.Scope.OPERATION,
							this.attempt.refusal(error, Cure.OPERATION))
					: new Outcome.Rejected(status);
			// Azure does not know the path in a version that it does not know
			case OPERATION_IMPLIED ->
				this.attempt.mayMeanVersion() ? partNotServed(status, error) : new Outcome.NotServed(status,
						Outcome.Scope.OPERATION_IMPLIED, this.attempt.refusal(error, Cure.OPERATION));
			case CREDENTIAL -> new Outcome.Denied(status, Outcome.Proof.STATED,
					this.attempt.refusal(error, Cure.ofCredential(status)));
			case UNKNOWN -> new Outcome.Denied(status, Outcome.Proof.NO_REASON,
					this.attempt.refusal(error, Cure.ofCredential(status)));
			case PAGE -> new Outcome.Denied(status, Outcome.Proof.PAGE, this.attempt.refusal(error, Cure.PAGE));
			case REQUEST, RATE, BACKEND -> new Outcome.Rejected(status);
		};
	}

	private Outcome partNotServed(int status, ErrorFacts error) {
		return new Outcome.NotServed(status, Outcome.Scope.REQUEST, this.attempt.refusal(error, Cure.PART));
	}

	/**
	 * Classifies an error event in a stream.
	 * @param reason the error object of the event
	 * @return the outcome
	 */
	public Outcome classifyEvent(ErrorDetails reason) {
		return classify(ErrorFacts.inside(reason), Instant.EPOCH);
	}

	private Duration cooldown(Function<String, @Nullable String> headers, Instant now) {
		Duration delay = RetryAfter.parse(headers, now);
		if (delay == null || delay.isZero()) {
			delay = RetryAfter.fromRateLimitReset(headers);
		}
		// a delay of zero would send the next request to the same lane
		return (delay == null || delay.isZero()) ? this.cooldowns.defaultDuration() : capped(delay);
	}

	private Duration capped(Duration delay) {
		return (delay.compareTo(this.cooldowns.max()) > 0) ? this.cooldowns.max() : delay;
	}

	/**
	 * Classifies an attempt without a response.
	 * @param error the error
	 * @return the outcome
	 */
	public static Outcome classify(Throwable error) {
		OutOfMemory.check(error);
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
			// after the handshake, the backend may have received the request
			boolean unreached = error instanceof SSLHandshakeException || error instanceof NotSslRecordException;
			return failed(unreached ? Failure.UNREACHED : Failure.CONNECTION,
					"a TLS failure (" + error.getMessage() + ")");
		}
		// all others come from a broken connection or a response that is not HTTP
		return failed(Failure.CONNECTION, (error instanceof IOException) ? "a broken connection"
				: "a response that cannot be read (" + error.getClass().getSimpleName() + ")");
	}

	private static Outcome failed(Failure kind, String description) {
		return new Outcome.Failed(kind, description, null);
	}

}
