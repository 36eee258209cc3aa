package dev.weir.simulator;

import java.time.Duration;
import java.util.Map;

import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.netty.http.server.HttpServerResponse;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * A request that is answered with an error.
 */
final class ApiError extends RuntimeException {

	private final int status;

	private final transient ObjectNode body;

	private final transient Map<String, String> headers;

	private ApiError(int status, ObjectNode body, Map<String, String> headers) {
		super(body.toString(), null, false, false);
		this.status = status;
		this.body = body;
		this.headers = headers;
	}

	/**
	 * An error in the shape of Azure's front door, where the code is the status as text.
	 * @param status the HTTP status
	 * @param message what went wrong
	 * @return the error
	 */
	static ApiError azure(int status, String message) {
		return azure(status, message, Map.of());
	}

	/**
	 * A 429 as Azure sends it.
	 * @param target what was asked for
	 * @param admission what the quota said
	 * @param backend the name of the backend
	 * @return the error
	 */
	static ApiError throttled(Target target, Admission admission, String backend) {
		long seconds = admission.retryAfterSeconds();
		String message = "Requests to the %s Operation under Azure OpenAI API version %s have exceeded token rate limit"
				+ " of your current OpenAI S0 pricing tier. Please retry after %d seconds. (simulated by %s)";
		return azure(429, message.formatted(target.operation().azureName(), target.apiVersion(), seconds, backend),
				Map.of("retry-after", Long.toString(seconds), "retry-after-ms",
						Long.toString(admission.retryAfter().toMillis())));
	}

	/**
	 * A request that the model's own API finds invalid: a 400 in OpenAI's shape, which
	 * Azure passes on.
	 * @param message what is invalid
	 * @param param the field that is invalid, if it is one
	 * @return the error
	 */
	static ApiError invalid(String message, @Nullable String param) {
		ObjectNode body = JsonNodeFactory.instance.objectNode();
		ObjectNode error = body.putObject("error");
		error.put("message", message);
		error.put("type", "invalid_request_error");
		error.put("param", param);
		error.putNull("code");
		return new ApiError(400, body, Map.of());
	}

	private static ApiError azure(int status, String message, Map<String, String> headers) {
		ObjectNode body = JsonNodeFactory.instance.objectNode();
		body.putObject("error").put("code", Integer.toString(status)).put("message", message);
		return new ApiError(status, body, headers);
	}

	/**
	 * Answers with this error, at once.
	 * @param response where to
	 * @return when it is sent
	 */
	Mono<Void> send(HttpServerResponse response) {
		response.status(this.status);
		this.headers.forEach(response::header);
		return Answer.json(this.body).send(response, Duration.ZERO, Duration.ZERO);
	}

}
