package dev.weir.testing;

import dev.weir.testing.RawBackend.Script;

/**
 * Scripts for a {@link RawBackend} that many tests use.
 */
public final class Scripts {

	/** Responds with a chat completion. */
	public static final Script SERVES = responding("200 OK", Bodies.COMPLETION);

	/** Responds with a stream of a chat completion. */
	public static final Script STREAMS = streaming(StreamEvents.CONTENT, StreamEvents.FINISH, StreamEvents.DONE);

	/** Responds with 429 and a delay of 30 seconds. */
	public static final Script THROTTLED = throttling("retry-after: 30");

	/** For a backend that must not be called: a status that no test expects. */
	public static final Script UNUSED = responding("418 Unexpected", "{}");

	private Scripts() {
	}

	/**
	 * Creates a script that responds with a body of known length and keeps the connection
	 * open.
	 * @param status the status line's code and reason
	 * @param body the body
	 * @param headers header lines
	 * @return the script
	 */
	public static Script responding(String status, String body, String... headers) {
		return (call) -> call.respond(status, body, headers);
	}

	/**
	 * Creates a script that responds with Azure's 429.
	 * @param headers header lines, such as {@code retry-after: 30}
	 * @return the script
	 */
	public static Script throttling(String... headers) {
		return responding("429 Too Many Requests", Bodies.AZURE_THROTTLED, headers);
	}

	/**
	 * Creates a script that sends a complete stream, each event in a chunk.
	 * @param events the events
	 * @return the script
	 */
	public static Script streaming(String... events) {
		return (call) -> {
			call.beginEvents();
			for (String event : events) {
				call.chunk(event);
			}
			call.endChunks();
		};
	}

	/**
	 * Creates a script that serves all requests except some.
	 * @param text a text in the head or body of each request that is not served
	 * @param refusal the script for those requests
	 * @return the script
	 */
	public static Script servingExcept(String text, Script refusal) {
		return (call) -> (call.request().contains(text) ? refusal : SERVES).run(call);
	}

}
