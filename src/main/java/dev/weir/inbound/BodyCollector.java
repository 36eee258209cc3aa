package dev.weir.inbound;

import java.util.Arrays;
import java.util.function.Function;

import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;

import org.reactivestreams.Subscription;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferUtils;

import dev.weir.memory.BufferBudget;

/**
 * Collects a request's body in one array. Each buffer is copied and released when it
 * arrives; otherwise a client that sends single bytes would occupy one buffer for each.
 * The array grows with the bytes received, not with the announced length, and is counted
 * in the {@link BufferBudget}.
 */
final class BodyCollector extends BaseSubscriber<DataBuffer> {

	/** The most bytes that are allocated because of an announced length alone. */
	private static final int MAX_FIRST_CAPACITY = 16 * 1024;

	private final MonoSink<byte[]> sink;

	private final BufferBudget.Share share;

	private boolean over;

	// the announced length, or -1
	private final long length;

	private final int max;

	private byte[] bytes = new byte[0];

	private int size;

	private BodyCollector(MonoSink<byte[]> sink, Function<Runnable, BufferBudget.Share> share, long length, int max) {
		this.sink = sink;
		this.share = share.apply(this::failWithoutRoom);
		this.length = length;
		this.max = max;
	}

	/**
	 * Collects a body.
	 * @param body the buffers of the body, which are released
	 * @param length the announced length in bytes, or -1
	 * @param max the most bytes to collect
	 * @param share opens the share of the budget that the bytes are counted in, given a
	 * callback that ends a slow upload to free memory, to be called on the thread that
	 * emits the buffers; the share stays open
	 * @return the body; an error with {@link BodyLimitException} if it is longer than
	 * {@code max} or exceeds the budget, or the error of {@code body}
	 */
	static Mono<byte[]> collect(Flux<DataBuffer> body, long length, int max,
			Function<Runnable, BufferBudget.Share> share) {
		return Mono.create((sink) -> {
			BodyCollector collector = new BodyCollector(sink, share, length, max);
			MonoSink<byte[]> unused = sink.onCancel(collector);
			body.contextWrite(sink.contextView()).subscribe(collector);
		});
	}

	@Override
	protected void hookOnSubscribe(Subscription subscription) {
		// with unbounded demand Reactor Netty would report an error twice
		subscription.request(Long.MAX_VALUE - 1);
	}

	@Override
	protected void hookOnNext(DataBuffer buffer) {
		try {
			int count = buffer.readableByteCount();
			if (this.over) {
				return;
			}
			if (count > this.max - this.size) {
				fail(BodyLimitException.tooLarge());
			}
			else if (!hasRoomFor(count)) {
				failWithoutRoom();
			}
			else {
				buffer.read(this.bytes, this.size, count);
				this.size += count;
			}
		}
		finally {
			DataBufferUtils.release(buffer);
		}
	}

	private boolean hasRoomFor(int count) {
		int needed = this.size + count;
		if (needed <= this.bytes.length) {
			return true;
		}
		int capacity = capacity(needed);
		if (!this.share.grow(capacity - this.bytes.length)) {
			return false;
		}
		this.bytes = Arrays.copyOf(this.bytes, capacity);
		return true;
	}

	private int capacity(int needed) {
		long doubled = Math.max(needed, 2L * this.bytes.length);
		if (this.length >= needed) {
			// an exact length needs no copy at the end
			return Math.toIntExact(Math.min(this.length, Math.max(doubled, MAX_FIRST_CAPACITY)));
		}
		return Math.toIntExact(Math.min(this.max, doubled));
	}

	private void failWithoutRoom() {
		fail(BodyLimitException.noRoom(this.share));
	}

	private void fail(BodyLimitException why) {
		if (!this.over) {
			this.over = true;
			cancel();
			this.sink.error(why);
		}
	}

	@Override
	protected void hookOnComplete() {
		if (!this.share.complete()) {
			failWithoutRoom();
			return;
		}
		this.over = true;
		this.sink.success((this.size == this.bytes.length) ? this.bytes : Arrays.copyOf(this.bytes, this.size));
	}

	@Override
	protected void hookOnError(Throwable error) {
		this.over = true;
		this.sink.error(error);
	}

}
