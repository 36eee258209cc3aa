package dev.weir.simulator;

import java.util.List;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * Simulates {@code responses}.
 */
final class ResponsesApi {

	/**
	 * Fields of the request that a response repeats.
	 */
	private static final List<String> REPEATED = List.of("instructions", "max_output_tokens", "metadata",
			"parallel_tool_calls", "previous_response_id", "store", "temperature", "tool_choice", "tools", "top_p");

	private ResponsesApi() {
	}

	static SimulatedResponse respond(SimulatedRequest request) {
		return request.streams() ? new ResponsesStream(request).toResponse()
				: SimulatedResponse.json(completed(request));
	}

	/**
	 * Returns a response that has begun.
	 * @param request the request
	 * @return the response, without output
	 */
	static ObjectNode inProgress(SimulatedRequest request) {
		ObjectNode response = JsonNodeFactory.instance.objectNode()
			.put("id", "resp_" + request.serial())
			.put("object", "response")
			.put("created_at", request.created())
			.put("status", "in_progress")
			.put("model", request.model());
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
			JsonNode value = request.body().path(field);
			if (!value.isMissingNode() && !value.isNull()) {
				response.set(field, value);
			}
		}
		return response;
	}

	/**
	 * Returns a response that is complete.
	 * @param request the request
	 * @return the response with its output
	 */
	static ObjectNode completed(SimulatedRequest request) {
		ObjectNode response = inProgress(request).put("status", "completed");
		response.putArray("output").add(message(request, "completed", textPart(request.text())));
		response.set("usage", request.usage().forResponses());
		return response;
	}

	/**
	 * Returns the only item of the output.
	 * @param request the request
	 * @param status the status of the item
	 * @param parts its content so far
	 * @return the item
	 */
	static ObjectNode message(SimulatedRequest request, String status, ObjectNode... parts) {
		ObjectNode message = JsonNodeFactory.instance.objectNode()
			.put("id", messageId(request))
			.put("type", "message")
			.put("role", "assistant")
			.put("status", status);
		message.putArray("content").addAll(List.of(parts));
		return message;
	}

	static String messageId(SimulatedRequest request) {
		return "msg_" + request.serial();
	}

	static ObjectNode textPart(String text) {
		ObjectNode part = JsonNodeFactory.instance.objectNode().put("type", "output_text").put("text", text);
		part.putArray("annotations");
		part.putArray("logprobs");
		return part;
	}

}
