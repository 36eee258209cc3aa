package dev.weir.openai.resume;

import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/**
 * The part of a response that the client has received, in the terms of one family of
 * APIs. A new stream may repeat the response; then only new content passes.
 */
interface Transcript {

	/** Prepares for a new stream that sends the response from its beginning. */
	void rewind();

	/**
	 * Compares the next event of the current stream with the transcript. When the stream
	 * has repeated everything, everything passes. Events that cannot be compared pass
	 * then, too, but make the record incomplete.
	 * @param event the event's data; may be changed
	 * @return the new part of the event, with the first stream's ids; {@code null} if
	 * nothing is new
	 * @throws DivergedException if the stream differs from the transcript; what was
	 * recorded of the event must be rolled back
	 */
	@Nullable ObjectNode add(ObjectNode event);

	/** Whether the current stream has not repeated the whole transcript yet. */
	boolean isRepeating();

	/** Whether the client has got something of the current stream. */
	boolean hasDelivered();

}
