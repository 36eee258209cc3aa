package dev.weir.queue;

import java.util.function.Consumer;

import org.jspecify.annotations.Nullable;
import reactor.core.Disposable;
import reactor.core.publisher.MonoSink;

import dev.weir.request.RequestContext;

/**
 * A request that waits for a lane. Compared by identity.
 */
final class Waiter {

	private final RequestContext context;

	private final long arrival;

	private final long until;

	private final MonoSink<Boolean> sink;

	private volatile boolean gone;

	private @Nullable WaitQueue queue;

	// set only if more lanes than those of the queue become usable during the wait
	private @Nullable Disposable timer;

	/**
	 * Creates a waiter.
	 * @param context the request, which does not change while it waits
	 * @param arrival the number of the request in the order of arrival
	 * @param until the end of the wait, in the ticker's time
	 * @param sink receives whether a lane may be free
	 * @param onLeave is called on any thread when the client has left
	 */
	Waiter(RequestContext context, long arrival, long until, MonoSink<Boolean> sink, Consumer<Waiter> onLeave) {
		this.context = context;
		this.arrival = arrival;
		this.until = until;
		this.sink = sink.onCancel(() -> {
			this.gone = true;
			onLeave.accept(this);
		});
	}

	RequestContext context() {
		return this.context;
	}

	long arrival() {
		return this.arrival;
	}

	long until() {
		return this.until;
	}

	@Nullable WaitQueue queue() {
		return this.queue;
	}

	void queue(@Nullable WaitQueue queue) {
		this.queue = queue;
	}

	void timer(Disposable timer) {
		this.timer = timer;
	}

	void clearTimer() {
		if (this.timer != null) {
			this.timer.dispose();
			this.timer = null;
		}
	}

	/**
	 * Whether the client has left, even if the request is still in the queue.
	 * @return whether the request needs no lane any more
	 */
	boolean isGone() {
		return this.gone;
	}

	/**
	 * Ends the wait. The request continues on its own loop.
	 * @param free whether a lane may be free
	 */
	void proceed(boolean free) {
		this.context.loop().execute(() -> this.sink.success(free));
	}

	/**
	 * Ends the wait, because a lane may be free. The request chooses one on its own loop.
	 * @param onChosen receives, on that loop, whether an attempt has begun
	 */
	void choose(Consumer<Boolean> onChosen) {
		this.context.loop().execute(() -> {
			int before = this.context.failover().attempts().count();
			this.sink.success(true);
			onChosen.accept(this.context.failover().attempts().count() > before);
		});
	}

}
