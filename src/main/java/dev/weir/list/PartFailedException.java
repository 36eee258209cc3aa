package dev.weir.list;

import java.util.Map;

import org.jspecify.annotations.Nullable;

import dev.weir.classify.ErrorFacts;
import dev.weir.classify.OutcomeClassifier;
import dev.weir.openai.error.ApiErrorException;
import dev.weir.response.ErrorResponse;

/**
 * A part of a list could not be read.
 */
final class PartFailedException extends RuntimeException {

	private final String backend;

	private final transient @Nullable ErrorResponse refusal;

	private final transient Map<String, String> headers;

	private final boolean throttledNow;

	private final boolean unsupported;

	private PartFailedException(String backend, String message, @Nullable ErrorResponse refusal,
			Map<String, String> headers, boolean throttledNow, boolean unsupported) {
		super(message, null, false, false);
		this.backend = backend;
		this.refusal = refusal;
		this.headers = headers;
		this.throttledNow = throttledNow;
		this.unsupported = unsupported;
	}

	/**
	 * The backend refused the call.
	 * @param backend the name of the backend
	 * @param refusal its response
	 * @return the exception
	 */
	static PartFailedException refused(String backend, ErrorResponse refusal) {
		return new PartFailedException(backend, "It responded with " + refusal.status() + ".", refusal, Map.of(), false,
				OutcomeClassifier.isUnknownPath(ErrorFacts.of(refusal.status(), refusal::header, refusal.body())));
	}

	/**
	 * No backend of the resource could be called.
	 * @param backends the names of its backends
	 * @param why Weir's error, with the delay of the next try
	 * @param cause a sentence that replaces the message of the error, or empty
	 * @param called whether one of them was called
	 * @return the exception
	 */
	static PartFailedException unavailable(String backends, ApiErrorException why, String cause, boolean called) {
		String message = cause.isEmpty() ? why.error().message() : cause;
		return new PartFailedException(backends, message, null, why.headers(), called && why.error().status() == 429,
				false);
	}

	/**
	 * The response of the backend cannot be used.
	 * @param backend the name of the backend
	 * @param message the reason, a sentence
	 * @return the exception
	 */
	static PartFailedException unusable(String backend, String message) {
		return new PartFailedException(backend, message, null, Map.of(), false, false);
	}

	/**
	 * The response is a success with an error about the path in its body, as LM Studio
	 * sends it.
	 * @param backend the name of the backend
	 * @param body the body, which is no list
	 * @return the exception, or {@code null} if the body has no such error
	 */
	static @Nullable PartFailedException unknownPath(String backend, byte[] body) {
		ErrorFacts error = ErrorFacts.of(200, (name) -> null, body);
		return OutcomeClassifier.isUnknownPath(error)
				? new PartFailedException(backend, "It does not know the path.", null, Map.of(), false, true) : null;
	}

	String backend() {
		return this.backend;
	}

	/**
	 * The response of the backend.
	 * @return the response, or {@code null} if the backend did not refuse
	 */
	@Nullable ErrorResponse refusal() {
		return this.refusal;
	}

	/**
	 * The status of the refusal.
	 * @return the HTTP status, or 0 if the backend did not refuse
	 */
	int status() {
		return (this.refusal != null) ? this.refusal.status() : 0;
	}

	/**
	 * Whether the backend does not know the path, and so has none of its objects.
	 * @return whether its response shows that
	 */
	boolean isUnsupported() {
		return this.unsupported;
	}

	/**
	 * Whether the call itself has begun the cooldown of the last backend.
	 * @return whether a second call may wait for the end of the cooldown
	 */
	boolean isThrottledNow() {
		return this.throttledNow;
	}

	/**
	 * The headers about the next try.
	 * @return the headers with lower-case names
	 */
	Map<String, String> headers() {
		return this.headers;
	}

}
