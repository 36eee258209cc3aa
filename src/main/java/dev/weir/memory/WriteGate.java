package dev.weir.memory;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.FluxOperator;
import reactor.core.publisher.Operators;
import reactor.util.context.Context;

/**
 * Requests the next element of a body only while its connection is
 * {@linkplain Channel#isWritable() writable}. Reactor Netty alone requests 128 elements
 * ahead, whatever their size, and keeps them in direct memory while the peer does not
 * read.
 *
 * @param <T> the type of the elements
 */
public final class WriteGate<T> extends FluxOperator<T, T> {

	private final Channel channel;

	private final @Nullable Duration timeout;

	private final Supplier<? extends Throwable> error;

	private WriteGate(Flux<T> source, Channel channel, @Nullable Duration timeout,
			Supplier<? extends Throwable> error) {
		super(source);
		this.channel = channel;
		this.timeout = timeout;
		this.error = error;
	}

	/**
	 * Limits the elements to the pace of a connection.
	 * @param <T> the type of the elements
	 * @param source the elements; one is requested at a time
	 * @param channel the connection to which the subscriber writes each element at once
	 * @return the same elements
	 */
	public static <T> Flux<T> through(Flux<T> source, Channel channel) {
		return new WriteGate<>(source, channel, null, IllegalStateException::new);
	}

	/**
	 * Limits the elements to the pace of a connection, with a timeout.
	 * @param <T> the type of the elements
	 * @param source the elements; one is requested at a time
	 * @param channel the connection to which the subscriber writes each element at once
	 * @param timeout how long the connection may stay unwritable
	 * @param error the error with which the elements end after the timeout
	 * @return the same elements
	 */
	public static <T> Flux<T> through(Flux<T> source, Channel channel, Duration timeout,
			Supplier<? extends Throwable> error) {
		return new WriteGate<>(source, channel, timeout, error);
	}

	@Override
	public void subscribe(CoreSubscriber<? super T> actual) {
		this.source.subscribe(new Gate(actual));
	}

	/**
	 * The subscription. Its state is confined to the event loop of the channel, except
	 * for {@code over}; signals may arrive on any thread.
	 */
	private final class Gate extends ChannelInboundHandlerAdapter implements CoreSubscriber<T>, Subscription {

		private final CoreSubscriber<? super T> actual;

		private final EventLoop loop = WriteGate.this.channel.eventLoop();

		private @Nullable Subscription upstream;

		private long requested;

		// whether an element was requested from upstream and has not arrived
		private boolean outstanding;

		private boolean requesting;

		private boolean listening;

		private @Nullable Future<?> timer;

		private volatile boolean over;

		Gate(CoreSubscriber<? super T> actual) {
			this.actual = actual;
		}

		@Override
		public Context currentContext() {
			return this.actual.currentContext();
		}

		@Override
		public void onSubscribe(Subscription subscription) {
			if (Operators.validate(this.upstream, subscription)) {
				this.upstream = subscription;
				this.actual.onSubscribe(this);
			}
		}

		@Override
		public void onNext(T element) {
			if (this.over) {
				Operators.onDiscard(element, currentContext());
				return;
			}
			this.actual.onNext(element);
			// runs after the write of the element, which may be scheduled on the loop
			onLoop(() -> {
				this.outstanding = false;
				requestNext();
			});
		}

		@Override
		public void onError(Throwable cause) {
			if (this.over) {
				Operators.onErrorDropped(cause, currentContext());
				return;
			}
			finish();
			this.actual.onError(cause);
		}

		@Override
		public void onComplete() {
			if (!this.over) {
				finish();
				this.actual.onComplete();
			}
		}

		@Override
		public void request(long count) {
			if (Operators.validate(count)) {
				onLoop(() -> {
					this.requested = Operators.addCap(this.requested, count);
					requestNext();
				});
			}
		}

		@Override
		public void cancel() {
			finish();
			if (this.upstream != null) {
				this.upstream.cancel();
			}
		}

		private void requestNext() {
			if (this.requesting || this.upstream == null) {
				return;
			}
			this.requesting = true;
			while (!this.over && !this.outstanding && this.requested > 0 && checkWritable()) {
				this.outstanding = true;
				if (this.requested != Long.MAX_VALUE) {
					this.requested--;
				}
				this.upstream.request(1);
			}
			this.requesting = false;
		}

		private boolean checkWritable() {
			if (WriteGate.this.channel.isWritable()) {
				return true;
			}
			if (!this.listening) {
				this.listening = true;
				WriteGate.this.channel.pipeline().addFirst(this);
			}
			if (this.timer == null && WriteGate.this.timeout != null) {
				this.timer = this.loop.schedule(this::onTimeout, WriteGate.this.timeout.toNanos(),
						TimeUnit.NANOSECONDS);
			}
			return false;
		}

		@Override
		public void channelWritabilityChanged(ChannelHandlerContext context) {
			if (context.channel().isWritable()) {
				stopTimer();
				requestNext();
			}
			context.fireChannelWritabilityChanged();
		}

		private void onTimeout() {
			if (!this.over && this.upstream != null) {
				finish();
				this.upstream.cancel();
				this.actual.onError(WriteGate.this.error.get());
			}
		}

		private void finish() {
			this.over = true;
			onLoop(() -> {
				stopTimer();
				if (this.listening) {
					this.listening = false;
					// a closed channel has removed its handlers
					if (WriteGate.this.channel.pipeline().context(this) != null) {
						WriteGate.this.channel.pipeline().remove(this);
					}
				}
			});
		}

		private void stopTimer() {
			if (this.timer != null) {
				this.timer.cancel(false);
				this.timer = null;
			}
		}

		private void onLoop(Runnable task) {
			if (this.loop.inEventLoop()) {
				task.run();
			}
			else if (!this.loop.isShuttingDown()) {
				this.loop.execute(task);
			}
		}

	}

}
