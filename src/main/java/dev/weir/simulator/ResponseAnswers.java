package dev.weir.simulator;

import java.util.List;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * Answers of {@code responses}.
 */
final class ResponseAnswers {

	/**
	 * Fields of a response that repeat the request's.
	 */
	private static final List<String> REPEATED = List.of("instructions", "max_output_tokens", "metadata",
			"parallel_tool_calls", "previous_response_id", "store", "temperature", "tool_choice", "tools", "top_p");

	private ResponseAnswers() {
	}

	static Answer answer(Call call) {
		return call.streams() ? new ResponseStream(call).toAnswer() : Answer.json(completed(call));
	}

	/**
	 * The response at its beginning.
	 * @param call the request
	 * @return the response, without an output
	 */
	static ObjectNode inProgress(Call call) {
		ObjectNode response = JsonNodeFactory.instance.objectNode()
			.put("id", "resp_" + call.serial())
			.put("object", "response")
			.put("created_at", call.created())
			.put("status", "in_progress")
			.put("model", call.model());
		for (String field : List.of("error", "incomplete_details", "instructions", "max_output_tokens",
				"previous_response_id", "usage")) {
			response.putNull(field);
		}
		response.put("parallel_tool_calls", true).put("store", true).put("temperature", 1.0).put("top_p", 1.0);
		response.put("tool_choice", "auto").put("truncation", "disabled");
		response.putObject("metadata");
		response.putObject("text").putObject("format").put("type", "text");
		response.putArray("tools");
		response.putArray("output");
		for (String field : REPEATED) {
			JsonNode value = call.body().path(field);
			if (!value.isMissingNode() && !value.isNull()) {
				response.set(field, value);
			}
		}
		return response;
	}

	/**
	 * The response at its end.
	 * @param call the request
	 * @return the response with its output
	 */
	static ObjectNode completed(Call call) {
		ObjectNode response = inProgress(call).put("status", "completed");
		response.putArray("output").add(message(call, "completed", textPart(call.text())));
		response.set("usage", call.usage().forResponses());
		return response;
	}

	/**
	 * The only item of the output.
	 * @param call the request
	 * @param status how far it is
	 * @param parts what it says so far
	 * @return the item
	 */
	static ObjectNode message(Call call, String status, ObjectNode... parts) {
		ObjectNode message = JsonNodeFactory.instance.objectNode()
			.put("id", messageId(call))
			.put("type", "message")
			.put("role", "assistant")
			.put("status", status);
		message.putArray("content").addAll(List.of(parts));
		return message;
	}

	static String messageId(Call call) {
		return "msg_" + call.serial();
	}

	static ObjectNode textPart(String text) {
		ObjectNode part = JsonNodeFactory.instance.objectNode().put("type", "output_text").put("text", text);
		part.putArray("annotations");
		part.putArray("logprobs");
		return part;
	}

}
