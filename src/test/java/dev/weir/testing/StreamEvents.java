package dev.weir.testing;

/**
 * Events of streams as backends send them, each with the blank line at its end.
 */
public final class StreamEvents {

	/** The first chunk of a chat, which has no content. */
	public static final String ROLE = chat("{\"role\":\"assistant\",\"content\":\"\"}", "null");

	/** A chunk of a chat with the content {@code hello}. */
	public static final String CONTENT = content("hello");

	/** The chunk that ends the only choice of a chat. */
	public static final String FINISH = chat("{}", "\"stop\"");

	/** The end of a chat. */
	public static final String DONE = "data: [DONE]\n\n";

	/** Azure's result for the prompt, sent before a chat. */
	public static final String FILTER = """
			data: {"choices":[],"prompt_filter_results":[{"prompt_index":0}]}

			""";

	/** The error event that Weir adds to a chat that broke off. */
	public static final String CHAT_INTERRUPTED = """
			data: {"error":{"message":"The backend's response broke off.","type":"server_error","param":null,\
			"code":"stream_interrupted"}}

			""";

	/** The first event of the Responses API. */
	public static final String CREATED = response("created", "\"sequence_number\":0,\"response\":{\"id\":\"resp_1\"}");

	/** An output item that starts a time without events. */
	public static final String REASONING = response("output_item.added",
			"\"item\":{\"type\":\"reasoning\",\"summary\":[]}");

	/** Content of the Responses API. */
	public static final String DELTA = response("output_text.delta", "\"sequence_number\":1,\"delta\":\"hello\"");

	/** The last event of a response that was completed. */
	public static final String COMPLETED = response("completed",
			"\"response\":{\"usage\":{\"input_tokens\":7,\"output_tokens\":5}}");

	/** The last event of a response that failed. */
	public static final String FAILED = response("failed", "\"response\":{\"error\":{\"code\":\"server_error\"}}");

	private StreamEvents() {
	}

	/**
	 * Writes a chunk of a chat with content.
	 * @param text the content
	 * @return the event
	 */
	public static String content(String text) {
		return chat("{\"content\":\"" + text + "\"}", "null");
	}

	/**
	 * Writes a chunk of a chat with one choice.
	 * @param delta the delta, in JSON
	 * @param finishReason the finish reason, in JSON
	 * @return the event
	 */
	public static String chat(String delta, String finishReason) {
		return "data: {\"id\":\"chatcmpl-1\",\"choices\":[{\"index\":0,\"delta\":" + delta + ",\"finish_reason\":"
				+ finishReason + "}]}\n\n";
	}

	/**
	 * Writes an event of the Responses API.
	 * @param type the type without {@code response.}
	 * @param fields the other fields, in JSON
	 * @return the event
	 */
	public static String response(String type, String fields) {
		return "event: response." + type + "\ndata: {\"type\":\"response." + type + "\"," + fields + "}\n\n";
	}

}
