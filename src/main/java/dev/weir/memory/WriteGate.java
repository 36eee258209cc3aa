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
 * Asks for the next element only while a connection has room for it, as
 * {@link Channel#isWritable()} says. Reactor Netty itself asks for 128 elements ahead,
 * whatever their size, and keeps all of them in direct memory while the peer does not
 * read.
 *
 * @param <T> what is written
 */
public final class WriteGate<T> extends FluxOperator<T, T> {

	private final Channel channel;

	private final @Nullable Duration limit;

	private final Supplier<? extends Throwable> error;

	private WriteGate(Flux<T> source, Channel channel, @Nullable Duration limit, Supplier<? extends Throwable> error) {
		super(source);
		this.channel = channel;
		this.limit = limit;
		this.error = error;
	}

	/**
	 * Makes elements wait for room.
	 * @param <T> what is written
	 * @param source the elements; one is asked for at a time
	 * @param channel where the subscriber writes them to, at once
	 * @return the elements
	 */
	public static <T> Flux<T> through(Flux<T> source, Channel channel) {
		return new WriteGate<>(source, channel, null, IllegalStateException::new);
	}

	/**
	 * Makes elements wait for room, for a bounded time.
	 * @param <T> what is written
	 * @param source the elements; one is asked for at a time
	 * @param channel where the subscriber writes them to, at once
	 * @param limit how long an element may wait
	 * @param error what becomes of the elements then
	 * @return the elements
	 */
	public static <T> Flux<T> through(Flux<T> source, Channel channel, Duration limit,
			Supplier<? extends Throwable> error) {
		return new WriteGate<>(source, channel, limit, error);
	}

	@Override
	public void subscribe(CoreSubscriber<? super T> actual) {
		this.source.subscribe(new Gate(actual));
	}

	/**
	 * What happens on the event loop of the channel only, but for the signals' arrival.
	 */
	private final class Gate extends ChannelInboundHandlerAdapter implements CoreSubscriber<T>, Subscription {

		private final CoreSubscriber<? super T> actual;

		private final EventLoop loop = WriteGate.this.channel.eventLoop();

		private @Nullable Subscription upstream;

		private long wanted;

		// asked for and not here yet
		private boolean asked;

		private boolean pulling;

		private boolean watching;

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
			// behind the write of it, wherever that was begun
			onLoop(() -> {
				this.asked = false;
				pull();
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
					this.wanted = Operators.addCap(this.wanted, count);
					pull();
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

		private void pull() {
			if (this.pulling || this.upstream == null) {
				return;
			}
			this.pulling = true;
			while (!this.over && !this.asked && this.wanted > 0 && hasRoom()) {
				this.asked = true;
				if (this.wanted != Long.MAX_VALUE) {
					this.wanted--;
				}
				this.upstream.request(1);
			}
			this.pulling = false;
		}

		private boolean hasRoom() {
			if (WriteGate.this.channel.isWritable()) {
				return true;
			}
			if (!this.watching) {
				this.watching = true;
				WriteGate.this.channel.pipeline().addFirst(this);
			}
			if (this.timer == null && WriteGate.this.limit != null) {
				this.timer = this.loop.schedule(this::expire, WriteGate.this.limit.toNanos(), TimeUnit.NANOSECONDS);
			}
			return false;
		}

		@Override
		public void channelWritabilityChanged(ChannelHandlerContext context) {
			if (context.channel().isWritable()) {
				stopTimer();
				pull();
			}
			context.fireChannelWritabilityChanged();
		}

		private void expire() {
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
				if (this.watching) {
					this.watching = false;
					// gone with the pipeline if the channel is closed
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
