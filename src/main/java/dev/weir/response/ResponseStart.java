package dev.weir.response;

import java.util.List;
import java.util.function.Function;

import org.jspecify.annotations.Nullable;

import dev.weir.backend.Outcome;
import dev.weir.openai.stream.EventSplitter;
import dev.weir.openai.stream.StreamEvent;

/**
 * The beginning of a backend's response, before the client gets a part of it.
 */
public sealed interface ResponseStart {

	/**
	 * The body with the unread part.
	 * @return the body
	 */
	ResponseBody body();

	/**
	 * Calls the function for this kind of beginning.
	 * @param <T> the type of the value
	 * @param ifEvents is called with the beginning of a stream of events
	 * @param ifBytes is called with the beginning of any other response
	 * @return the value of the function
	 */
	<T> T match(Function<Events, T> ifEvents, Function<Bytes, T> ifBytes);

	/**
	 * The beginning of a response that is not a stream of events.
	 *
	 * @param body the body with the unread part
	 * @param first the first bytes, possibly none
	 * @param whole whether these are all bytes, and at least one
	 */
	record Bytes(ResponseBody body, byte[] first, boolean whole) implements ResponseStart {

		@Override
		public <T> T match(Function<Events, T> ifEvents, Function<Bytes, T> ifBytes) {
			return ifBytes.apply(this);
		}

	}

	/**
	 * The beginning of a stream: the events up to its first content, or those that
	 * arrived until the time to hold them back was over.
	 *
	 * @param body the body with the unread part
	 * @param splitter splits the unread part into events
	 * @param events the first events
	 * @param refusal the outcome of its first event if that is an error of the client, or
	 * {@code null}
	 */
	record Events(ResponseBody body, EventSplitter splitter, List<StreamEvent> events,
			@Nullable Outcome refusal) implements ResponseStart {

		@Override
		public <T> T match(Function<Events, T> ifEvents, Function<Bytes, T> ifBytes) {
			return ifEvents.apply(this);
		}

	}

}
