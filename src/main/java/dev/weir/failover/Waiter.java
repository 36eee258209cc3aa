package dev.weir.failover;

import java.util.function.Consumer;

import dev.weir.backend.Attempts;
import org.jspecify.annotations.Nullable;
import reactor.core.Disposable;
import reactor.core.publisher.MonoSink;

/**
 * A request that waits for a lane. Two are never equal.
 */
final class Waiter {

	private final Attempts attempts;

	private final long arrival;

	private final long until;

	private final MonoSink<Boolean> sink;

	private volatile boolean gone;

	private @Nullable WaitQueue queue;

	// set only while more lanes than those of the queue become usable during the wait
	private @Nullable Disposable timer;

	/**
	 * Makes one.
	 * @param attempts the request's attempts so far, which nothing changes while it waits
	 * @param arrival the request's number among all that ever waited in the pool
	 * @param until when it has waited long enough, by the ticker
	 * @param sink gets whether a lane may be free
	 * @param onLeave is called on any thread when the client has left
	 */
	Waiter(Attempts attempts, long arrival, long until, MonoSink<Boolean> sink, Consumer<Waiter> onLeave) {
		this.attempts = attempts;
		this.arrival = arrival;
		this.until = until;
		this.sink = sink.onCancel(() -> {
			this.gone = true;
			onLeave.accept(this);
		});
	}

	Attempts attempts() {
		return this.attempts;
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
	 * @return whether nothing waits for the lane
	 */
	boolean isGone() {
		return this.gone;
	}

	/**
	 * Ends the wait. What follows runs on this thread, up to the call of a backend.
	 * @param free whether a lane may be free
	 * @return whether an attempt has begun
	 */
	boolean proceed(boolean free) {
		int before = this.attempts.count();
		this.sink.success(free);
		return this.attempts.count() > before;
	}

}
