package dev.weir.classify;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.jspecify.annotations.Nullable;

import dev.weir.backend.Attempt;
import dev.weir.backend.Lane;
import dev.weir.backend.Refusal;
import dev.weir.backend.RequestTraits;
import dev.weir.config.BackendDialect;
import dev.weir.config.Secret;
import dev.weir.openai.call.Operation;

/**
 * The facts about an attempt that decide what its response means.
 *
 * @param request the properties of the request
 * @param lane the lane that was called, or {@code null} if it does not matter
 * @param azure whether the backend is an Azure OpenAI resource
 * @param smallerServed whether the last request that the lane served was smaller
 */
public record AttemptFacts(RequestTraits request, @Nullable Lane lane, boolean azure, boolean smallerServed) {

	private static final Pattern MODEL = Pattern.compile("\\bmodel [`'\"]([^`'\"]{1,256})[`'\"]",
			Pattern.CASE_INSENSITIVE);

	/**
	 * The facts of an attempt.
	 * @param attempt the attempt
	 * @param request the properties of its request
	 * @return the facts
	 */
	public static AttemptFacts of(Attempt attempt, RequestTraits request) {
		return new AttemptFacts(request, attempt.lane(), attempt.lane().backend().dialect() == BackendDialect.AZURE,
				attempt.isLargerThanLastServed());
	}

	/**
	 * The facts of an attempt of which only the operation is known.
	 * @param operation the operation
	 * @return the facts
	 */
	public static AttemptFacts of(Operation operation) {
		return new AttemptFacts(new RequestTraits(operation, 0, () -> 0, false, false), null, false, false);
	}

	/**
	 * Whether the operation is one of the API. A backend that does not know its path then
	 * does not serve the operation.
	 * @return {@code false} for a path that is not known
	 */
	boolean isKnownOperation() {
		return this.request.operation() != Operation.OTHER;
	}

	/**
	 * Whether a status means that a server knows the request but no WebSocket at its
	 * path.
	 * @param status the HTTP status
	 * @return whether it refuses a handshake as an unknown operation
	 */
	boolean isRefusedUpgrade(int status) {
		return this.request.operation().isHandshake() && (status == 404 || status == 426);
	}

	/**
	 * Whether the request consists of items, of which some may come from earlier
	 * responses.
	 * @return whether it is one of the responses API
	 */
	boolean hasItems() {
		return this.request.operation() == Operation.RESPONSES
				|| this.request.operation() == Operation.RESPONSES_COMPACT
				|| this.request.operation() == Operation.RESPONSES_INPUT_TOKENS;
	}

	/**
	 * Whether a missing model may be another one than that of the call, such as the model
	 * of a tool. Only the operation {@code responses} has tools with their own models.
	 * @param message the backend's message, or {@code null}
	 * @return whether it names another model, or names none and the request has two
	 */
	boolean mayMeanOtherModel(@Nullable String message) {
		if (this.lane == null || this.request.operation() != Operation.RESPONSES) {
			return false;
		}
		Matcher named = MODEL.matcher((message != null) ? message : "");
		if (!named.find()) {
			return this.request.namesDeployment();
		}
		String name = named.group(1);
		return !isLike(name, this.lane.model()) && !isLike(name, this.lane.deployment());
	}

	/**
	 * Whether a path that the backend does not know may exist in another version of the
	 * API. Only Azure has versions, and the configured version of a backend replaces the
	 * client's.
	 * @return whether the client chose the version
	 */
	boolean mayMeanVersion() {
		return this.azure && this.request.namesVersion()
				&& (this.lane == null || this.lane.backend().properties().apiVersion() == null);
	}

	/** Backends and clients write names with or without a version, a date or an owner. */
	private static boolean isLike(String name, String other) {
		String one = name.toLowerCase(Locale.ROOT);
		String two = other.toLowerCase(Locale.ROOT);
		return one.contains(two) || two.contains(one);
	}

	Refusal refusal(ErrorFacts error, String cure) {
		Secret key = (this.lane != null) ? this.lane.backend().properties().apiKey() : null;
		return new Refusal(BackendMessage.shortened(error.reason().message(), key), cure);
	}

}
