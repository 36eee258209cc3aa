package dev.weir.websocket;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

import dev.weir.backend.Outcome;
import dev.weir.backend.RequestTraits;
import dev.weir.classify.AttemptFacts;
import dev.weir.classify.ErrorFacts;
import dev.weir.classify.OutcomeClassifier;
import dev.weir.openai.call.Operation;
import dev.weir.openai.stream.StreamEvent;
import dev.weir.openai.stream.Usage;
import dev.weir.response.ErrorResponse;

/**
 * An event of a backend in Responses mode: a complete message that could be read.
 *
 * @param event the event
 * @param json its data
 * @param message the message, with its bytes
 */
record ResponseEvent(StreamEvent event, ObjectNode json, MessageReader message) {

	private static final String ERROR = "error";

	/**
	 * Reads a message.
	 * @param message the message, which is complete
	 * @return the event, or {@code null} if it is none
	 */
	static @Nullable ResponseEvent read(MessageReader message) {
		StreamEvent event = message.event();
		ObjectNode json = (event != null) ? event.toJson() : null;
		return (event != null && json != null) ? new ResponseEvent(event, json, message) : null;
	}

	StreamEvent.Kind kind() {
		return this.event.kind();
	}

	@Nullable String type() {
		return this.event.type();
	}

	@Nullable Usage usage() {
		return this.event.usage();
	}

	boolean isErrorMessage() {
		return ERROR.equals(this.event.type());
	}

	/**
	 * The id of the response in the event.
	 * @return the id, or {@code null} if the event has no response
	 */
	@Nullable String responseId() {
		return text(this.json.path("response").path("id"));
	}

	/**
	 * The id of the response that the event belongs to.
	 * @return the id, or {@code null} if the event has none
	 */
	@Nullable String belongsTo() {
		String id = responseId();
		return (id != null) ? id : text(this.json.path("response_id"));
	}

	private static @Nullable String text(JsonNode node) {
		return node.isString() ? node.stringValue() : null;
	}

	/**
	 * The status that an error has.
	 * @return the HTTP status, 0 if there is none
	 */
	int status() {
		return this.json.path("status").asInt(0);
	}

	/**
	 * Whether its response has ended with it.
	 * @return whether no further event follows
	 */
	boolean isLast() {
		return kind() == StreamEvent.Kind.ERROR || switch (String.valueOf(type())) {
			case "response.completed", "response.incomplete", "response.cancelled", "response.done" -> true;
			default -> false;
		};
	}

	/**
	 * The error as a response.
	 * @return the response, with the message as its body
	 */
	ErrorResponse toErrorResponse() {
		int status = status();
		return new ErrorResponse((status >= 400) ? status : 400, Map.of(), this.message.bytes(), null);
	}

	/**
	 * Classifies an error like the error of an HTTP response.
	 * @param request the request
	 * @param now the time, for delays that are given as a date
	 * @return the outcome of its attempt
	 */
	Outcome classify(MessageRequest request, Instant now) {
		Map<String, String> headers = new HashMap<>();
		this.json.path("headers")
			.forEachEntry((name, value) -> headers.put(name.toLowerCase(Locale.ROOT), value.asString("")));
		RequestTraits traits = new RequestTraits(Operation.RESPONSES, request.context().failover().traits().size(),
				() -> System.identityHashCode(request), false, false);
		OutcomeClassifier classifier = new OutcomeClassifier(request.context().pool().properties().cooldown(),
				AttemptFacts.of(request.attempt(), traits));
		JsonNode failed = this.json.path("response").path(ERROR);
		byte[] body = failed.isObject() ? ("{\"error\":" + failed + "}").getBytes(StandardCharsets.UTF_8)
				: this.message.bytes();
		int status = status();
		return classifier.classify(ErrorFacts.of((status >= 400) ? status : 200, headers::get, body), now);
	}

}
