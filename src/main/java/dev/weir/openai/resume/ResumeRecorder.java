package dev.weir.openai.resume;

import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.node.ObjectNode;

import dev.weir.openai.call.Operation;
import dev.weir.openai.stream.StreamEvent;

/**
 * Records which events of a stream the client has got, so that a broken stream can be
 * resumed with that of another backend. The other backend gets the same request and sends
 * its response from the beginning; a {@link ResumeMatcher} compares it with the record
 * and passes only what the client does not have. That works only if both responses are
 * equal up to the break.
 * <p>
 * One per request; not thread-safe.
 */
public final class ResumeRecorder {

	private final ResumeMemory memory;

	/** {@code null} as soon as the stream cannot be resumed any more. */
	private @Nullable Transcript transcript;

	/**
	 * Creates a recorder for a stream that has not begun.
	 * @param operation the operation of the request, one that is {@linkplain #supports
	 * supported}
	 * @param maxBytes the most bytes to record; a character takes two
	 */
	public ResumeRecorder(Operation operation, int maxBytes) {
		if (!supports(operation)) {
			throw new IllegalArgumentException(operation + " cannot be resumed");
		}
		this.memory = new ResumeMemory(maxBytes);
		this.transcript = (operation == Operation.RESPONSES) ? new ResponsesTranscript(this.memory)
				: new ChunkTranscript(this.memory);
	}

	/**
	 * Whether streams of an operation can be resumed at all.
	 * @param operation the operation of the request
	 * @return whether it is a chat, a completion or a response
	 */
	public static boolean supports(Operation operation) {
		return operation == Operation.CHAT_COMPLETIONS || operation == Operation.COMPLETIONS
				|| operation == Operation.RESPONSES;
	}

	/**
	 * Records an event of the first stream that the client got. Events that a
	 * {@link ResumeMatcher} returns are recorded already.
	 * @param event the event
	 */
	public void recordDelivered(StreamEvent event) {
		if (this.transcript == null || (event.isWhole() && !event.hasData())) {
			return;
		}
		record(this.transcript, event);
		if (!this.memory.isComplete()) {
			this.transcript = null;
		}
	}

	/**
	 * Whether the stream can be resumed if it breaks now: every event that the client got
	 * was understood and recorded, and the response has not ended.
	 * @return whether {@link #startMatching()} may be called
	 */
	public boolean canResume() {
		return this.transcript != null && this.memory.isComplete();
	}

	/**
	 * Starts the comparison with a new stream, which responds to the same request from
	 * its beginning. A matcher that was returned earlier must not be used any more.
	 * @return a matcher for the new stream
	 * @throws IllegalStateException if the stream cannot be resumed
	 */
	public ResumeMatcher startMatching() {
		if (this.transcript == null || !this.memory.isComplete()) {
			throw new IllegalStateException("The stream cannot be resumed");
		}
		this.transcript.rewind();
		return new ResumeMatcher(this.transcript, this.memory);
	}

	private void record(Transcript transcript, StreamEvent event) {
		ObjectNode json = (event.kind() == StreamEvent.Kind.ERROR) ? null : event.toJson();
		if (json == null) {
			this.memory.markIncomplete();
			return;
		}
		try {
			transcript.add(json);
			this.memory.commit();
		}
		catch (DivergedException | JacksonException ex) {
			this.memory.markIncomplete();
		}
	}

}
