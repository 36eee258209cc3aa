package dev.weir.request;

import java.util.function.Consumer;

import org.reactivestreams.Subscription;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.MonoSink;
import reactor.util.context.Context;

/**
 * Passes a result to the loop of a request. A result that arrives after the cancellation
 * is discarded.
 *
 * @param <T> the type of the result
 */
final class Delivery<T> extends BaseSubscriber<T> {

	private final RequestLoop loop;

	private final MonoSink<T> sink;

	private final Consumer<T> discard;

	// every operator of the source asks for it
	private final Context context;

	// used on the loop only
	private boolean cancelled;

	Delivery(RequestLoop loop, MonoSink<T> sink, Consumer<T> discard) {
		this.loop = loop;
		this.context = Context.of(sink.contextView());
		this.discard = discard;
		this.sink = sink.onCancel(() -> {
			cancel();
			loop.execute(() -> this.cancelled = true);
		});
	}

	@Override
	public Context currentContext() {
		return this.context;
	}

	@Override
	protected void hookOnSubscribe(Subscription subscription) {
		subscription.request(Long.MAX_VALUE);
	}

	// not at the end of the source, which is not reported after a cancellation
	@Override
	protected void hookOnNext(T value) {
		this.loop.execute(() -> {
			if (this.cancelled) {
				this.discard.accept(value);
			}
			else {
				this.sink.success(value);
			}
		});
	}

	@Override
	protected void hookOnComplete() {
		// without effect if there was a value
		this.loop.execute(this.sink::success);
	}

	@Override
	protected void hookOnError(Throwable error) {
		this.loop.execute(() -> {
			if (!this.cancelled) {
				this.sink.error(error);
			}
		});
	}

}
