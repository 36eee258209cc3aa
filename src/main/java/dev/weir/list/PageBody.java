package dev.weir.list;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;

import org.jspecify.annotations.Nullable;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;

import dev.weir.memory.BufferBudget;
import dev.weir.openai.error.ApiError;
import dev.weir.openai.error.ApiErrorException;
import dev.weir.request.RequestLoop;
import dev.weir.response.BodyReader;
import dev.weir.response.ResponseBody;
import dev.weir.response.ResponseStart;

/**
 * Reads the body of a page, limited in size and in the time without bytes.
 */
final class PageBody implements BodyReader {

	/** The longest page that is read, in bytes. */
	static final int MAX = 8 * 1024 * 1024;

	private final ResponseBody body;

	private final MonoSink<byte[]> sink;

	private final RequestLoop loop;

	private final Duration maxSilence;

	private final Disposable.Swap timer;

	private final BufferBudget.Share share;

	private final ByteArrayOutputStream read = new ByteArrayOutputStream(4096);

	private PageBody(ResponseBody body, MonoSink<byte[]> sink, RequestLoop loop, Duration maxSilence,
			Disposable.Swap timer, BufferBudget.Share share) {
		this.body = body;
		this.sink = sink;
		this.loop = loop;
		this.maxSilence = maxSilence;
		this.timer = timer;
		this.share = share;
	}

	/**
	 * Reads the body.
	 * @param start the body, and the part that was read before
	 * @param share counts its bytes
	 * @param maxSilence how long it may send nothing
	 * @param loop the loop of the request
	 * @return the whole body; {@link BodyTooLongException} beyond {@link #MAX};
	 * {@link ApiErrorException} if there is no memory; another error if it breaks off.
	 * Then the body is disposed of
	 */
	static Mono<byte[]> of(ResponseStart.Bytes start, BufferBudget.Share share, Duration maxSilence, RequestLoop loop) {
		if (start.whole()) {
			return Mono.just(start.first());
		}
		return Mono.create((sink) -> {
			Disposable.Swap timer = Disposables.swap();
			PageBody reader = new PageBody(start.body(), sink.onDispose(timer).onCancel(start.body()::dispose), loop,
					maxSilence, timer, share);
			start.body().read(reader);
			reader.onBytes(start.first());
		});
	}

	@Override
	public void onBytes(byte[] bytes) {
		if (this.read.size() + bytes.length > MAX) {
			fail(new BodyTooLongException());
			return;
		}
		if (!this.share.grow(bytes.length)) {
			fail(new ApiErrorException(
					new ApiError(503, this.share.describeFull("lists"), "server_error", null, "overloaded"),
					Map.of("retry-after", "1", "retry-after-ms", "1000")));
			return;
		}
		this.read.writeBytes(bytes);
		this.timer.update(this.loop.schedule(() -> fail(new IOException("no bytes in time")), this.maxSilence));
		this.body.more();
	}

	@Override
	public void onEnd(@Nullable Throwable error) {
		if (error != null) {
			this.sink.error(error);
		}
		else {
			this.sink.success(this.read.toByteArray());
		}
	}

	private void fail(Exception why) {
		this.body.release();
		this.body.dispose();
		this.sink.error(why);
	}

}
