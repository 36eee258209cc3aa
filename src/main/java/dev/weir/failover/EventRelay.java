package dev.weir.failover;

import java.io.ByteArrayOutputStream;
import java.time.Duration;
import java.util.List;

import dev.weir.api.ApiError;
import dev.weir.api.EventSplitter;
import dev.weir.api.Operation;
import dev.weir.api.StreamEvent;
import dev.weir.api.Usage;
import dev.weir.config.PoolProperties;
import org.jspecify.annotations.Nullable;

/**
 * Brings a stream of events to the client, event by event, as they come. Only whole
 * events are written, so that an explicit error can follow where the backend breaks off;
 * one that is too long to be held passes in pieces.
 */
final class EventRelay extends Relay {

	/** The most bytes of an event that is held until it is whole. */
	static final int MAX_EVENT = 64 * 1024;

	private final PoolProperties settings;

	private final Operation operation;

	private final List<StreamEvent> first;

	private final EventSplitter splitter;

	private @Nullable StreamEvent last;

	private @Nullable Usage usage;

	private boolean begun;

	private boolean done;

	/**
	 * Prepares.
	 * @param answering the answer
	 * @param start how it begins
	 * @param operation what it is the answer to
	 * @param settings how long it may be silent
	 * @param timing what time is told by
	 * @param turn what is run by
	 */
	EventRelay(Ending.Answering answering, AnswerStart.Events start, Operation operation, PoolProperties settings,
			Timing timing, SerialExecutor turn) {
		super(answering, timing, turn);
		this.settings = settings;
		this.operation = operation;
		this.first = start.events();
		this.splitter = start.splitter();
	}

	@Override
	void start() {
		pass(this.first);
	}

	@Override
	void take(byte[] bytes) {
		pass(this.splitter.add(bytes));
	}

	private void pass(List<StreamEvent> events) {
		if (events.size() == 1) {
			note(events.get(0));
			write(events.get(0).bytes());
			return;
		}
		ByteArrayOutputStream all = new ByteArrayOutputStream();
		for (StreamEvent event : events) {
			note(event);
			all.writeBytes(event.bytes());
		}
		write(all.toByteArray());
	}

	private void note(StreamEvent event) {
		this.last = event;
		switch (event.kind()) {
			case CONTENT, ERROR -> this.begun = true;
			case DONE -> this.done = true;
			case LIFE -> {
				// says nothing yet
			}
		}
		Usage found = event.usage();
		this.usage = (found != null) ? found : this.usage;
	}

	@Override
	void finish() {
		if (!this.begun && !this.done) {
			broken("it ended before its first event");
			return;
		}
		write(this.splitter.rest());
		complete();
	}

	@Override
	void stopped() {
		if (this.usage != null) {
			attempt().used(this.usage.inputTokens(), this.usage.outputTokens());
		}
	}

	@Override
	void breakOff() {
		if (!this.splitter.midEvent()) {
			ApiError error = new ApiError(502, "The backend's answer broke off.", "server_error", null,
					"stream_interrupted");
			write(error.toEvent(this.operation, this.last));
		}
		abort();
	}

	@Override
	boolean isComplete(long bytes) {
		return this.done || (this.operation == Operation.RESPONSES && this.usage != null);
	}

	@Override
	Duration patience() {
		// signs of life: the model thinks, and may do so as long as in any other answer
		return this.begun ? this.settings.streamIdleTimeout() : this.settings.responseTimeout();
	}

}
