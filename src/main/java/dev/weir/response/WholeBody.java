package dev.weir.response;

import java.io.ByteArrayOutputStream;
import java.time.Duration;

import org.jspecify.annotations.Nullable;
import dev.weir.request.RequestLoop;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;

/**
 * Reads the body of an error, limited in size and time. Bytes beyond the limit are not
 * read. Never fails.
 */
final class WholeBody implements BodyReader {

	// error bodies are small; the client should not wait for a longer or slower one
	private static final int MAX = 256 * 1024;

	private final ResponseBody body;

	private final MonoSink<Part> sink;

	private final ByteArrayOutputStream read = new ByteArrayOutputStream(1024);

	private boolean over;

	private WholeBody(ResponseBody body, MonoSink<Part> sink) {
		this.body = body;
		this.sink = sink;
	}

	/**
	 * Reads the body.
	 * @param start the body, and the part that was read before
	 * @param limit how long it may take
	 * @param loop the loop of the request
	 * @return the bytes that were read
	 */
	static Mono<Part> of(ResponseStart.Bytes start, Duration limit, RequestLoop loop) {
		ResponseBody body = start.body();
		return Mono.create((sink) -> {
			Disposable.Swap timer = Disposables.swap();
			WholeBody reader = new WholeBody(body, sink.onDispose(timer).onCancel(body::dispose));
			reader.read.writeBytes(start.first());
			timer.update(loop.schedule(() -> reader.stop(true), limit));
			body.read(reader);
			body.more();
		});
	}

	@Override
	public void onBytes(byte[] bytes) {
		this.read.writeBytes(bytes);
		if (this.read.size() > MAX) {
			stop(true);
		}
		else {
			this.body.more();
		}
	}

	@Override
	public void onEnd(@Nullable Throwable error) {
		stop(error != null);
	}

	private void stop(boolean cut) {
		if (!this.over) {
			this.over = true;
			this.body.release();
			this.sink.success(new Part(this.read.toByteArray(), cut ? this.body : null));
		}
	}

	/**
	 * The bytes that were read.
	 *
	 * @param bytes the bytes
	 * @param rest the body with the unread part, or {@code null} if it was read
	 * completely
	 */
	record Part(byte[] bytes, @Nullable ResponseBody rest) {
	}

}
