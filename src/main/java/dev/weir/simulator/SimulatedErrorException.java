package dev.weir.simulator;

import java.time.Duration;
import java.util.Map;

import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.netty.http.server.HttpServerResponse;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;
import dev.weir.openai.call.Operation;

/**
 * Ends a simulated request with an error response.
 */
final class SimulatedErrorException extends RuntimeException {

	private final int status;

	private final transient ObjectNode body;

	private final transient Map<String, String> headers;

	private SimulatedErrorException(int status, ObjectNode body, Map<String, String> headers) {
		super(body.toString(), null, false, false);
		this.status = status;
		this.body = body;
		this.headers = headers;
	}

	/**
	 * An error as Azure's gateway writes it: the code is the status as text.
	 * @param status the HTTP status
	 * @param message the message
	 * @return the error
	 */
	static SimulatedErrorException azure(int status, String message) {
		return azure(status, message, Map.of());
	}

	/**
	 * A 429 as Azure sends it.
	 * @param target the URL of the request
	 * @param admission the decision of the quota
	 * @param backend the name of the backend
	 * @return the error
	 */
	static SimulatedErrorException throttled(Target target, Admission admission, String backend) {
		long seconds = admission.retryAfterSeconds();
		String message = "Requests to the %s Operation under Azure OpenAI API version %s have exceeded token rate limit"
				+ " of your current OpenAI S0 pricing tier. Please retry after %d seconds. (simulated by %s)";
		return azure(429, message.formatted(target.operation().azureName(), target.apiVersion(), seconds, backend),
				Map.of("retry-after", Long.toString(seconds), "retry-after-ms",
						Long.toString(admission.retryAfter().toMillis())));
	}

	/**
	 * A 400 in OpenAI's format, as the API of the model sends it and Azure passes it on.
	 * @param message the message
	 * @param param the name of the invalid field, or {@code null}
	 * @return the error
	 */
	static SimulatedErrorException invalid(String message, @Nullable String param) {
		ObjectNode body = JsonNodeFactory.instance.objectNode();
		ObjectNode error = body.putObject("error");
		error.put("message", message);
		error.put("type", "invalid_request_error");
		error.put("param", param);
		error.putNull("code");
		return new SimulatedErrorException(400, body, Map.of());
	}

	private static SimulatedErrorException azure(int status, String message, Map<String, String> headers) {
		ObjectNode body = JsonNodeFactory.instance.objectNode();
		body.putObject("error").put("code", Integer.toString(status)).put("message", message);
		return new SimulatedErrorException(status, body, headers);
	}

	/**
	 * Sends this error without delay.
	 * @param response the response to write to
	 * @return completes when the error has been sent
	 */
	Mono<Void> send(HttpServerResponse response) {
		response.status(this.status);
		this.headers.forEach(response::header);
		return SimulatedResponse.json(this.body).send(response, Duration.ZERO, Duration.ZERO);
	}

}
