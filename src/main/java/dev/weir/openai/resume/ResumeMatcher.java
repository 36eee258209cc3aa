package dev.weir.openai.resume;

import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.node.ObjectNode;

import dev.weir.openai.stream.StreamEvent;

/**
 * Compares a new stream with the events that the client received from the broken one.
 * Repeated content is dropped; new content, which may begin in the middle of a text, is
 * passed on. All events get the ids of the first stream. Created by
 * {@link ResumeRecorder#startMatching()}; not thread-safe.
 * <p>
 * A stream that ends without a last event is incomplete; so is one that breaks while it
 * {@linkplain #isRepeating() repeats}.
 */
public final class ResumeMatcher {

	private static final Step NOTHING = new Deliver(null);

	private final Transcript transcript;

	private final ResumeMemory memory;

	private @Nullable Diverged diverged;

	ResumeMatcher(Transcript transcript, ResumeMemory memory) {
		this.transcript = transcript;
		this.memory = memory;
	}

	/**
	 * Compares the next event of the new stream. The returned event counts as delivered,
	 * so the client must get it.
	 * @param event the event; one of kind {@link StreamEvent.Kind#ERROR} never passes and
	 * makes the stream diverge, so callers should handle it before
	 * @return what to do with the event; after the first {@link Diverged}, always that
	 */
	public Step match(StreamEvent event) {
		if (this.diverged != null) {
			return this.diverged;
		}
		try {
			Step step = compare(event);
			this.memory.commit();
			return step;
		}
		catch (DivergedException ex) {
			return diverge(String.valueOf(ex.getMessage()));
		}
		catch (JacksonException ex) {
			return diverge("it is not valid JSON");
		}
	}

	/**
	 * Whether the stream has not yet repeated everything that the client received. If it
	 * ends now, it is incomplete.
	 * @return whether events are missing
	 */
	public boolean isRepeating() {
		return this.diverged != null || this.transcript.isRepeating();
	}

	private Step diverge(String reason) {
		this.memory.rollback();
		this.diverged = new Diverged(reason);
		return this.diverged;
	}

	private Step compare(StreamEvent event) {
		if (event.kind() == StreamEvent.Kind.ERROR) {
			throw new DivergedException("it reports an error");
		}
		if (event.isWhole() && !event.hasData()) {
			return this.transcript.hasDelivered() ? new Deliver(event) : NOTHING;
		}
		if (event.kind() == StreamEvent.Kind.DONE) {
			if (this.transcript.isRepeating()) {
				throw DivergedException.endsEarly();
			}
			this.memory.markIncomplete();
			return new Deliver(event);
		}
		ObjectNode json = event.toJson();
		if (json == null) {
			return passUnchanged(event);
		}
		ObjectNode added = this.transcript.add(json);
		return (added != null) ? new Deliver(event.withJson(added)) : NOTHING;
	}

	private Step passUnchanged(StreamEvent event) {
		if (!this.transcript.hasDelivered() || this.transcript.isRepeating()) {
			throw DivergedException.notComparable();
		}
		this.memory.markIncomplete();
		return new Deliver(event);
	}

	/** What to do with an event of the new stream. */
	public sealed interface Step {

	}

	/**
	 * The stream has not differed so far.
	 *
	 * @param event the event for the client, or {@code null} for none
	 */
	public record Deliver(@Nullable StreamEvent event) implements Step {
	}

	/**
	 * The stream is another response; the client must get nothing more of it. What the
	 * client has got before is valid, and {@link ResumeRecorder#startMatching()} may be
	 * called for another new stream.
	 *
	 * @param reason how the stream differs, for a log; quotes nothing of it
	 */
	public record Diverged(String reason) implements Step {
	}

}
