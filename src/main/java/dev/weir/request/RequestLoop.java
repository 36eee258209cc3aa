package dev.weir.request;

import java.time.Duration;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

import io.netty.channel.EventLoop;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.GlobalEventExecutor;
import org.jspecify.annotations.Nullable;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;
import reactor.netty.Connection;

import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.http.server.reactive.ServerHttpRequestDecorator;

/**
 * The thread that everything of one request runs on: the event loop of its client's
 * connection. State of a request that is used on it only needs neither locks nor volatile
 * fields.
 */
public interface RequestLoop extends Executor {

	/**
	 * Runs a task on the loop: at once if the caller is on it, else as soon as possible.
	 * @param task the task, which must not block
	 */
	@Override
	void execute(Runnable task);

	/**
	 * Runs a task on the loop after a delay.
	 * @param task the task, which must not block
	 * @param delay the delay, zero or more
	 * @return cancels the task
	 */
	Disposable schedule(Runnable task, Duration delay);

	/**
	 * Completes on the loop after a delay.
	 * @param delay the delay, zero or more
	 * @return completion
	 */
	default Mono<Void> delay(Duration delay) {
		return Mono.create((sink) -> {
			MonoSink<Void> unused = sink.onDispose(schedule(sink::success, delay));
		});
	}

	/**
	 * Delivers the result of something that may end on another thread.
	 * @param <T> the type of the result
	 * @param source what brings the result
	 * @param discard releases a result that comes when it is not wanted any more
	 * @return the same result, on the loop
	 */
	default <T> Mono<T> deliver(Mono<T> source, Consumer<T> discard) {
		return Mono.create((sink) -> source.subscribe(new Delivery<>(this, sink, discard)));
	}

	/**
	 * The loop of a request.
	 * @param request the client's request
	 * @return the event loop of its connection
	 */
	static RequestLoop of(ServerHttpRequest request) {
		EventLoop loop = eventLoopOf(request);
		return new OfEventLoop((loop != null) ? loop : GlobalEventExecutor.INSTANCE);
	}

	/**
	 * The event loop of a client's connection.
	 * @param request the client's request
	 * @return the event loop, or {@code null} if the request came by no connection
	 */
	static @Nullable EventLoop eventLoopOf(ServerHttpRequest request) {
		try {
			return (ServerHttpRequestDecorator.getNativeRequest(request) instanceof Connection connection)
					? connection.channel().eventLoop() : null;
		}
		catch (IllegalArgumentException ex) {
			// a request that came by no connection
			return null;
		}
	}

	/**
	 * An event loop of Netty.
	 *
	 * @param loop the event loop
	 */
	record OfEventLoop(EventExecutor loop) implements RequestLoop {

		@Override
		public void execute(Runnable task) {
			if (this.loop.inEventLoop()) {
				task.run();
			}
			else {
				this.loop.execute(task);
			}
		}

		@Override
		public Disposable schedule(Runnable task, Duration delay) {
			Future<?> scheduled = this.loop.schedule(task, delay.toNanos(), TimeUnit.NANOSECONDS);
			return () -> scheduled.cancel(false);
		}

	}

}
