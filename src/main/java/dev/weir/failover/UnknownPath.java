package dev.weir.failover;

import java.util.regex.Pattern;

import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import dev.weir.config.Suggestion;
import dev.weir.openai.call.ApiPath;
import dev.weir.openai.error.ApiError;
import dev.weir.openai.error.ApiErrorException;
import dev.weir.response.ErrorResponse;

/**
 * The reply to a call whose path neither Weir nor the backend knows. It names the path
 * that was probably meant, such as one with a letter or without a second {@code /v1}.
 */
final class UnknownPath {

	/** What servers say of every path that they do not have. */
	private static final Pattern UNSPECIFIC = Pattern.compile(
			"(?is)\\s*|not[ _]?found\\W*|(the )?(requested )?(resource|page|url|path|route|endpoint|file)\\b.{0,200}"
					+ "\\bnot (found|exist)\\b.*|404\\b.*|invalid url\\b.*|cannot (get|post|put|patch|delete)\\b.*"
					+ "|no (such|static) (path|route|endpoint|url|resource)\\b.*|unknown (path|route|endpoint|url|request url)\\b.*");

	private static final JsonMapper JSON = JsonMapper.shared();

	private UnknownPath() {
	}

	/**
	 * Returns the reply that takes the place of a backend's.
	 * @param path the path of the call
	 * @param response what the backend answered
	 * @return the reply, or {@code null} if the backend's says more
	 */
	static @Nullable ApiErrorException replacing(ApiPath path, ErrorResponse response) {
		if (response.status() != 404 || !response.isWhole() || path.isKnown() || isSpecific(response.body())) {
			return null;
		}
		String target = path.method() + " " + path.withOperationPath(path.operationPath());
		String meant = meant(path);
		return reply("The backend has no operation " + target + "."
				+ ((meant != null) ? " Did you mean " + meant + "?" : ""));
	}

	/**
	 * Returns the reply to a call that no backend of a pool has a place for.
	 * @param path the path of the call
	 * @return the reply, or {@code null} if it is not known what was meant
	 */
	static @Nullable ApiErrorException withoutLane(ApiPath path) {
		String meant = path.isKnown() ? null : meant(path);
		return (meant != null) ? reply("No backend can serve the operation " + path.method() + " "
				+ path.withOperationPath(path.operationPath()) + ". Did you mean " + meant + "?") : null;
	}

	private static ApiErrorException reply(String message) {
		return new ApiErrorException(new ApiError(404, message, "invalid_request_error", null, "unknown_operation"));
	}

	private static @Nullable String meant(ApiPath path) {
		String known = path.knownSuffix();
		if (known == null) {
			known = Suggestion.of(path.operationPath(), ApiPath.knownPaths()).orElse(null);
		}
		return (known != null) ? path.withOperationPath(known) : null;
	}

	private static boolean isSpecific(byte[] body) {
		try {
			JsonNode json = JSON.readTree(body);
			JsonNode error = json.path("error");
			JsonNode message = error.isString() ? error : error.path("message");
			for (String name : new String[] { "message", "detail" }) {
				message = message.isString() ? message : json.path(name);
			}
			return message.isString() && !UNSPECIFIC.matcher(message.stringValue()).matches();
		}
		catch (JacksonException ex) {
			return false;
		}
	}

}
