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
 * The reply to a call whose path neither Weir nor the backend knows. It suggests a known
 * path that is similar, for instance without a second {@code /v1}.
 */
final class UnknownPath {

	/** Messages of servers about any path that they do not know. */
	private static final Pattern UNSPECIFIC = Pattern.compile(
			"(?is)\\s*|not[ _]?found\\W*|(the )?(requested )?(resource|page|url|path|route|endpoint|file)\\b.{0,200}"
					+ "\\bnot (found|exist)\\b.*|404\\b.*|invalid url\\b.*|cannot (get|post|put|patch|delete)\\b.*"
					+ "|no (such|static) (path|route|endpoint|url|resource)\\b.*|unknown (path|route|endpoint|url|request url)\\b.*");

	private static final JsonMapper JSON = JsonMapper.shared();

	private UnknownPath() {
	}

	/**
	 * Returns the reply that replaces the response of a backend.
	 * @param path the path of the call
	 * @param response the backend's response
	 * @return the reply, or {@code null} if the backend's response is more specific
	 */
	static @Nullable ApiErrorException replacing(ApiPath path, ErrorResponse response) {
		if (response.status() != 404 || !response.isWhole() || path.isKnown() || isSpecific(response.body())) {
			return null;
		}
		String target = path.method() + " " + path.withOperationPath(path.operationPath());
		String suggestion = suggestion(path);
		return reply("The backend has no operation " + target + "."
				+ ((suggestion != null) ? " Did you mean " + suggestion + "?" : ""));
	}

	/**
	 * Returns the reply to a call whose dialect no backend of a pool knows.
	 * @param path the path of the call
	 * @return the reply, or {@code null} if there is no known path that is similar
	 */
	static @Nullable ApiErrorException withoutLane(ApiPath path) {
		String suggestion = path.isKnown() ? null : suggestion(path);
		return (suggestion != null) ? reply("No backend can serve the operation " + path.method() + " "
				+ path.withOperationPath(path.operationPath()) + ". Did you mean " + suggestion + "?") : null;
	}

	private static ApiErrorException reply(String message) {
		return new ApiErrorException(new ApiError(404, message, "invalid_request_error", null, "unknown_operation"));
	}

	private static @Nullable String suggestion(ApiPath path) {
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
