package dev.weir.openai.resume;

import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.node.ObjectNode;

import dev.weir.openai.stream.StreamEvent;

/**
 * A new stream that goes on where another one broke off. While it only repeats what the
 * client knows, nothing passes; then comes what goes beyond, beginning in the middle of a
 * text if need be; then everything. All of it has the ids of the first stream. Made by
 * {@link ResumeRecorder#startMatching()}; not thread-safe.
 * <p>
 * A stream that ends without a last event is as incomplete as one that breaks while it is
 * {@link #isRepeating()}.
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
	 * Reads the next event of the new stream. What it returns has to be delivered, since
	 * it counts as told.
	 * @param event the event; one of kind {@link StreamEvent.Kind#ERROR} says that the
	 * new stream failed and is never passed on, so it is better handled before
	 * @return what is to be done; after the first {@link Diverged}, always that
	 */
	public Step match(StreamEvent event) {
		if (this.diverged != null) {
			return this.diverged;
		}
		try {
			Step step = read(event);
			this.memory.keep();
			return step;
		}
		catch (DivergedException ex) {
			this.memory.undo();
			this.diverged = new Diverged(String.valueOf(ex.getMessage()));
			return this.diverged;
		}
		catch (JacksonException ex) {
			this.memory.undo();
			this.diverged = new Diverged("it is not understood");
			return this.diverged;
		}
	}

	/**
	 * Whether the stream has not said all that the client knows, so that its end would
	 * come too early.
	 * @return whether it has to go on
	 */
	public boolean isRepeating() {
		return this.diverged != null || this.transcript.isRepeating();
	}

	private Step read(StreamEvent event) {
		if (event.kind() == StreamEvent.Kind.ERROR) {
			throw new DivergedException("it reports an error");
		}
		if (event.isWhole() && !event.hasData()) {
			return this.transcript.live() ? new Deliver(event) : NOTHING;
		}
		if (event.kind() == StreamEvent.Kind.DONE) {
			if (this.transcript.isRepeating()) {
				throw DivergedException.endsEarly();
			}
			this.memory.giveUp();
			return new Deliver(event);
		}
		ObjectNode json = event.toJson();
		if (json == null) {
			return untouched(event);
		}
		ObjectNode news = this.transcript.add(json);
		return (news != null) ? new Deliver(event.withJson(news)) : NOTHING;
	}

	private Step untouched(StreamEvent event) {
		if (!this.transcript.live() || this.transcript.isRepeating()) {
			throw DivergedException.notUnderstood();
		}
		this.memory.giveUp();
		return new Deliver(event);
	}

	/** What is to be done with an event of the new stream. */
	public sealed interface Step {

	}

	/**
	 * The stream is the same so far.
	 *
	 * @param event what the client is to get, or {@code null} for nothing
	 */
	public record Deliver(@Nullable StreamEvent event) implements Step {
	}

	/**
	 * The stream is not the same answer; the client must get nothing of it from here on.
	 * What it has got before is right, and {@link ResumeRecorder#startMatching()} may be
	 * called again for yet another stream.
	 *
	 * @param reason how the stream differs, for a log; quotes nothing of it
	 */
	public record Diverged(String reason) implements Step {
	}

}
