package dev.weir.response;

import java.io.ByteArrayOutputStream;
import java.time.Duration;
import java.util.function.Function;

import org.jspecify.annotations.Nullable;
import dev.weir.request.RequestLoop;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;

import dev.weir.openai.stream.BodyVerdict;

/**
 * Waits for the first bytes of a response that is not a stream of events, because a
 * response that breaks off right after its headers can be replaced by another lane's.
 * JSON is read until it is clear whether it is a result or an error, limited in size and
 * time.
 */
final class FirstBytes implements BodyReader {

	/** How long an undecided beginning is held back. */
	static final Duration HOLD = Duration.ofSeconds(1);

	/** How many bytes of an undecided beginning are held back. */
	static final int MAX_HELD = 64 * 1024;

	private final ResponseBody body;

	private final Function<byte[], BodyVerdict> check;

	private final Runnable hold;

	private final MonoSink<Found> sink;

	private final long length;

	private byte[] held = new byte[0];

	private BodyVerdict verdict = BodyVerdict.UNDECIDED;

	private boolean over;

	private FirstBytes(ResponseBody body, long length, Function<byte[], BodyVerdict> check, Runnable hold,
			MonoSink<Found> sink) {
		this.body = body;
		this.length = length;
		this.check = check;
		this.hold = hold;
		this.sink = sink;
	}

	/**
	 * Waits for the first bytes.
	 * @param body the body; disposed of if it does not begin in time
	 * @param length its announced length, or -1
	 * @param json whether it is JSON that must be checked
	 * @param timeout emits an error when the wait has lasted too long; {@code null} if
	 * the deadline of the request comes first
	 * @param loop the loop of the request
	 * @return the beginning, or an error that can be classified
	 */
	static Mono<Found> of(ResponseBody body, long length, boolean json, @Nullable Mono<Void> timeout,
			RequestLoop loop) {
		Mono<Found> start = Mono.create((sink) -> {
			Disposable.Swap timer = Disposables.swap();
			FirstBytes[] reader = new FirstBytes[1];
			Runnable hold = () -> timer.update(loop.schedule(() -> reader[0].begin(false), HOLD));
			reader[0] = new FirstBytes(body, length,
					json ? (bytes) -> BodyVerdict.of(bytes, bytes.length) : (bytes) -> BodyVerdict.SUCCESS, hold,
					sink.onDispose(timer).onCancel(body::dispose));
			body.read(reader[0]);
			body.more();
		});
		return (timeout != null) ? start.timeout(timeout) : start;
	}

	@Override
	public void onBytes(byte[] bytes) {
		boolean first = this.held.length == 0;
		this.held = first ? bytes : joined(this.held, bytes);
		if (this.verdict == BodyVerdict.UNDECIDED) {
			this.verdict = this.check.apply(this.held);
		}
		if (this.held.length == this.length) {
			// the end follows at once, and frees the connection
			this.body.more();
		}
		else if (this.verdict != BodyVerdict.UNDECIDED || this.held.length > MAX_HELD) {
			begin(false);
		}
		else {
			if (first) {
				this.hold.run();
			}
			this.body.more();
		}
	}

	private static byte[] joined(byte[] held, byte[] bytes) {
		ByteArrayOutputStream all = new ByteArrayOutputStream(held.length + bytes.length);
		all.writeBytes(held);
		all.writeBytes(bytes);
		return all.toByteArray();
	}

	private void begin(boolean whole) {
		if (!this.over) {
			this.over = true;
			this.body.release();
			this.sink.success(new Found(new ResponseStart.Bytes(this.body, this.held, whole), this.verdict));
		}
	}

	@Override
	public void onEnd(@Nullable Throwable error) {
		if (error == null || (this.held.length > 0 && this.held.length == this.length)) {
			// complete, even if the connection failed afterwards
			begin(this.held.length > 0);
		}
		else if (!this.over) {
			this.over = true;
			this.body.dispose();
			this.sink.error(error);
		}
	}

	/**
	 * The beginning of a response.
	 *
	 * @param start its first bytes
	 * @param verdict what they are; {@link BodyVerdict#UNDECIDED} if that was not clear
	 * in time
	 */
	record Found(ResponseStart.Bytes start, BodyVerdict verdict) {
	}

}
