package dev.weir.request;

import org.reactivestreams.Subscription;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;
import reactor.util.context.Context;

/**
 * A step of a request that is subscribed to and cancelled on the loop of the request.
 *
 * @param <T> the type of the step's result
 */
final class ConfinedStep<T> extends BaseSubscriber<T> {

	private final RequestLoop loop;

	private final MonoSink<T> sink;

	// every operator of the source asks for it
	private final Context context;

	// used on the loop only
	private boolean cancelled;

	ConfinedStep(RequestLoop loop, MonoSink<T> sink) {
		this.loop = loop;
		this.context = Context.of(sink.contextView());
		this.sink = sink.onCancel(() -> loop.execute(() -> {
			this.cancelled = true;
			cancel();
		}));
	}

	void subscribeTo(Mono<T> step) {
		this.loop.execute(() -> {
			if (!this.cancelled) {
				step.subscribe(this);
			}
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

	@Override
	protected void hookOnNext(T value) {
		this.sink.success(value);
	}

	@Override
	protected void hookOnComplete() {
		// without effect if there was a value
		this.sink.success();
	}

	@Override
	protected void hookOnError(Throwable error) {
		this.sink.error(error);
	}

}
