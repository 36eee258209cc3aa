package dev.weir.request;

import java.time.Duration;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

import io.netty.channel.Channel;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.GlobalEventExecutor;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;
import reactor.util.context.Context;

import org.springframework.http.server.reactive.ServerHttpRequest;

/**
 * Executor on which all code of one request runs: the event loop of its client's
 * connection. State that is used only on this loop needs neither locks nor volatile
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
	 * Whether the caller is on the loop.
	 * @return whether {@link #execute} would run a task at once
	 */
	boolean isCurrent();

	/**
	 * Runs a task on the loop after a delay.
	 * @param task the task, which must not block
	 * @param delay the delay, zero or more
	 * @return cancels the task
	 */
	Disposable schedule(Runnable task, Duration delay);

	/**
	 * A timer on the loop.
	 * @param delay the delay, zero or more
	 * @return completes on the loop after the delay
	 */
	default Mono<Void> delay(Duration delay) {
		return Mono.create((sink) -> {
			MonoSink<Void> unused = sink.onDispose(schedule(sink::success, delay));
		});
	}

	/**
	 * Moves the result of a source, which may complete on another thread, to the loop.
	 * @param <T> the type of the result, which needs no release
	 * @param source the source
	 * @return the same result, on the loop
	 */
	default <T> Mono<T> deliver(Mono<T> source) {
		return deliver(source, (unused) -> {
			// nothing to release
		});
	}

	/**
	 * Moves the result of a source, which may complete on another thread, to the loop.
	 * @param <T> the type of the result
	 * @param source the source
	 * @param discard releases a result that arrives after the cancellation
	 * @return the same result, on the loop
	 */
	default <T> Mono<T> deliver(Mono<T> source, Consumer<T> discard) {
		return Mono.create((sink) -> source.subscribe(new Delivery<>(this, sink, discard)));
	}

	/**
	 * Subscribes to a step of the request, and cancels it, on the loop, whichever thread
	 * a filter of the user runs on.
	 * @param <T> the type of the result
	 * @param step the step
	 * @return the result of the step, on the thread on which the step ends
	 */
	default <T> Mono<T> confine(Mono<T> step) {
		return Mono.create((sink) -> {
			Disposable.Swap running = Disposables.swap();
			MonoSink<T> confined = sink.onCancel(() -> execute(running::dispose));
			execute(() -> {
				if (!running.isDisposed()) {
					running.update(step.subscribe(confined::success, confined::error, confined::success,
							Context.of(confined.contextView())));
				}
			});
		});
	}

	/**
	 * The loop of a request.
	 * @param request the client's request
	 * @return the event loop of its connection
	 */
	static RequestLoop of(ServerHttpRequest request) {
		Channel connection = ClientConnection.of(request);
		return new OfEventLoop((connection != null) ? connection.eventLoop() : GlobalEventExecutor.INSTANCE);
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
		public boolean isCurrent() {
			return this.loop.inEventLoop();
		}

		@Override
		public Disposable schedule(Runnable task, Duration delay) {
			Future<?> scheduled = this.loop.schedule(task, delay.toNanos(), TimeUnit.NANOSECONDS);
			return () -> scheduled.cancel(false);
		}

	}

}
