package dev.weir.openai.resume;

import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.node.ObjectNode;

import dev.weir.openai.call.Operation;
import dev.weir.openai.stream.StreamEvent;

/**
 * Lets a stream that broke off be gone on with from another backend. It remembers what
 * the client was told, so that when the same request is answered again, the client gets
 * nothing but the rest, as one seamless stream. That only works if the second answer says
 * the same as the first up to the break; {@link ResumeMatcher} tells.
 * <p>
 * One per call; not thread-safe.
 */
public final class ResumeRecorder {

	private final ResumeMemory memory;

	private @Nullable Transcript transcript;

	/**
	 * Makes one for a stream that has not begun.
	 * @param operation what was asked for, one that is supported
	 * @param maxBytes how much may be remembered, in bytes; an answer takes two per
	 * character
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
	 * Whether streams of an operation can be gone on with at all.
	 * @param operation what was asked for
	 * @return whether it is a chat, a completion or a response
	 */
	public static boolean supports(Operation operation) {
		return operation == Operation.CHAT_COMPLETIONS || operation == Operation.COMPLETIONS
				|| operation == Operation.RESPONSES;
	}

	/**
	 * Notes an event that the client got from the first stream. What a continuation
	 * returns is noted already.
	 * @param event the event
	 */
	public void recordDelivered(StreamEvent event) {
		if (this.transcript == null || (event.isWhole() && !event.hasData())) {
			return;
		}
		note(this.transcript, event);
		if (!this.memory.intact()) {
			this.transcript = null;
		}
	}

	/**
	 * Whether a break can still be mended: the client got nothing that was not
	 * understood, it was not too much to remember, and the answer is not over.
	 * @return whether {@link #startMatching()} may be called
	 */
	public boolean canResume() {
		return this.transcript != null && this.memory.intact();
	}

	/**
	 * Begins to compare with a new stream, which answers the same request from its
	 * beginning. An earlier continuation must not be used any more.
	 * @return the continuation
	 * @throws IllegalStateException if the stream cannot be resumed
	 */
	public ResumeMatcher startMatching() {
		if (this.transcript == null || !this.memory.intact()) {
			throw new IllegalStateException("The stream cannot be resumed");
		}
		this.transcript.rewind();
		return new ResumeMatcher(this.transcript, this.memory);
	}

	private void note(Transcript transcript, StreamEvent event) {
		ObjectNode json = (event.kind() == StreamEvent.Kind.ERROR) ? null : event.toJson();
		if (json == null) {
			this.memory.giveUp();
			return;
		}
		try {
			transcript.add(json);
			this.memory.keep();
		}
		catch (DivergedException | JacksonException ex) {
			this.memory.giveUp();
		}
	}

}
