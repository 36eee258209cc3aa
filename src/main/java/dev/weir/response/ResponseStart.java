package dev.weir.response;

import java.util.List;

import org.jspecify.annotations.Nullable;

import dev.weir.backend.Outcome;
import dev.weir.openai.stream.EventSplitter;
import dev.weir.openai.stream.StreamEvent;

/**
 * How an answer of a backend began, before anything of it has reached the client.
 */
public sealed interface ResponseStart {

	/**
	 * What is still to come.
	 * @return the body
	 */
	ResponseBody body();

	/**
	 * An answer that is no stream of events: its first bytes, or its end if it has none.
	 *
	 * @param body the rest
	 * @param first what has come so far, possibly nothing
	 * @param whole whether that is all, and more than nothing
	 */
	record Bytes(ResponseBody body, byte[] first, boolean whole) implements ResponseStart {
	}

	/**
	 * A stream: the events up to its first content, or those that have come until it was
	 * clear that the backend takes its time.
	 *
	 * @param body the rest
	 * @param splitter what cuts the rest into events
	 * @param events the events so far
	 * @param refusal what its first event says if that is an error of the caller's own,
	 * else {@code null}
	 */
	record Events(ResponseBody body, EventSplitter splitter, List<StreamEvent> events,
			@Nullable Outcome refusal) implements ResponseStart {
	}

}
