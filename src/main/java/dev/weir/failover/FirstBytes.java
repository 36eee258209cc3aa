package dev.weir.failover;

import java.time.Duration;

import dev.weir.backend.Outcome;
import dev.weir.backend.OutcomeException;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;
import reactor.core.scheduler.Scheduler;

/**
 * Waits for the first bytes of an answer that is no stream of events: a backend that
 * breaks off right behind its headers has not answered, and another can.
 */
final class FirstBytes implements BodyReader {

	private final UpstreamBody body;

	private final MonoSink<AnswerStart> sink;

	private final long length;

	private byte @Nullable [] all;

	private FirstBytes(UpstreamBody body, long length, MonoSink<AnswerStart> sink) {
		this.body = body;
		this.length = length;
		this.sink = sink;
	}

	/**
	 * Waits.
	 * @param body the body; disposed of if it does not begin in time
	 * @param length how long it says it is, or -1
	 * @param limit how long to wait, or {@code null} if somebody else sees to it
	 * @param timers what measures it
	 * @return the beginning, or an error that the outcome can be told from
	 */
	static Mono<AnswerStart> of(UpstreamBody body, long length, @Nullable Duration limit, Scheduler timers) {
		Mono<AnswerStart> start = Mono.create((sink) -> {
			body.read(new FirstBytes(body, length, sink.onCancel(body::dispose)));
			body.more();
		});
		return (limit == null) ? start
				: start.timeout(limit, Mono.error(() -> new OutcomeException(Outcome.Failed.silence(limit))), timers);
	}

	@Override
	public void bytes(byte[] bytes) {
		if (bytes.length == this.length) {
			// its end comes right behind it, and with it the connection is free
			this.all = bytes;
			this.body.more();
			return;
		}
		this.body.release();
		this.sink.success(new AnswerStart.Bytes(this.body, bytes, false));
	}

	@Override
	public void end(@Nullable Throwable error) {
		if (this.all != null) {
			// complete, whatever became of the connection then
			this.sink.success(new AnswerStart.Bytes(this.body, this.all, true));
		}
		else if (error != null) {
			this.body.dispose();
			this.sink.error(error);
		}
		else {
			this.sink.success(new AnswerStart.Bytes(this.body, new byte[0], false));
		}
	}

}
