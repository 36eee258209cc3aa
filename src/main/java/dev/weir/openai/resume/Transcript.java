package dev.weir.openai.resume;

import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/**
 * What the client has been told of an answer, in the terms of one family of APIs. The
 * same answer may be told again by a new stream; then only what is new passes.
 */
interface Transcript {

	/** Says that a new stream begins to tell the answer from its beginning. */
	void rewind();

	/**
	 * Reads the next event of the current stream. Once the stream is {@link #live()} and
	 * has repeated everything, everything passes; what cannot be compared passes, too,
	 * but then the memory is given up.
	 * @param event the event's data; may be changed
	 * @return what of it the client is to be told, with the first stream's ids;
	 * {@code null} if it is nothing
	 * @throws DivergedException if this is not the answer that the client knows; what was
	 * noted has to be undone
	 */
	@Nullable ObjectNode add(ObjectNode event);

	/** Whether the current stream has not repeated all that was told. */
	boolean isRepeating();

	/** Whether something of the current stream has been told. */
	boolean live();

}
