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
 * What a response answers, as far as its meaning hangs on that.
 *
 * @param request the request
 * @param lane where it was sent to, or {@code null} if that does not matter
 * @param azure whether an Azure OpenAI resource was asked
 * @param smallerServed whether the lane has just served a smaller request
 */
public record AttemptFacts(RequestTraits request, @Nullable Lane lane, boolean azure, boolean smallerServed) {

	private static final Pattern MODEL = Pattern.compile("\\bmodel [`'\"]([^`'\"]{1,256})[`'\"]",
			Pattern.CASE_INSENSITIVE);

	/**
	 * The facts of an attempt.
	 * @param attempt the attempt
	 * @param request what matters of its request
	 * @return the facts
	 */
	public static AttemptFacts of(Attempt attempt, RequestTraits request) {
		return new AttemptFacts(request, attempt.lane(), attempt.lane().backend().dialect() == BackendDialect.AZURE,
				attempt.isLargerThanLastServed());
	}

	/**
	 * A call of which only the operation is known.
	 * @param operation what was asked for
	 * @return what is asked
	 */
	public static AttemptFacts of(Operation operation) {
		return new AttemptFacts(new RequestTraits(operation, 0, () -> 0, false, false), null, false, false);
	}

	/**
	 * Whether every server of the API may have the operation, so that one that does not
	 * know its path lacks the operation.
	 * @return whether it is not just any path
	 */
	boolean isKnownOperation() {
		return this.request.operation() != Operation.OTHER;
	}

	/**
	 * Whether a model that is missing may be another than that of the call, such as that
	 * of a tool. Only responses have tools with models of their own.
	 * @param message what the backend said, or {@code null}
	 * @return whether it names another one, or names none and the request has two
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
	 * Whether a path that is not known may be known in another version of the API. Only
	 * Azure has versions, and a backend's own counts before a client's.
	 * @return whether the client chose the version
	 */
	boolean mayMeanVersion() {
		return this.azure && this.request.namesVersion()
				&& (this.lane == null || this.lane.backend().properties().apiVersion() == null);
	}

	/** Backends write names with a version, a date or an owner, and so do clients. */
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
