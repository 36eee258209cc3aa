package dev.weir.queue;

import java.util.function.Consumer;

import org.jspecify.annotations.Nullable;
import reactor.core.Disposable;
import reactor.core.publisher.MonoSink;

import dev.weir.config.ClientPriority;
import dev.weir.request.Client;
import dev.weir.request.FailoverState;
import dev.weir.request.RequestContext;
import dev.weir.request.TokenDemand;

/**
 * A request that waits for a lane. Compared by identity.
 */
final class Waiter {

	/** A request is not free because its size is not known, such as that of a form. */
	private static final long LEAST_TOKENS = 100;

	/** A client may state any maximum of output, and is charged no more than this. */
	private static final long MOST_TOKENS = 100_000;

	private final RequestContext context;

	private final Place place;

	private final long until;

	private final long tokens;

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
	 * @param onGiveWay is called when another request takes the place of this one
	 */
	Waiter(RequestContext context, long arrival, long until, MonoSink<Boolean> sink, Consumer<Waiter> onLeave,
			Consumer<Waiter> onGiveWay) {
		this.context = context;
		Client from = context.client();
		this.place = new Place(from, arrival, () -> onGiveWay.accept(this));
		this.until = until;
		// the order of one client does not depend on tokens
		this.tokens = (from != null) ? tokensOf(context) : 0;
		this.sink = sink.onCancel(() -> {
			this.gone = true;
			onLeave.accept(this);
		});
	}

	/**
	 * The tokens that the request is charged when it is served, once, however often it
	 * waits.
	 */
	private static long tokensOf(RequestContext context) {
		FailoverState failover = context.failover();
		if (!failover.waited().isZero() && failover.attempts().count() > 0) {
			return 0;
		}
		TokenDemand demand = TokenDemand.of(context.call());
		return Math.max(LEAST_TOKENS, Math.min(MOST_TOKENS, demand.stated() + demand.assumedOutput()));
	}

	/**
	 * The client of the request.
	 * @return its name, empty if no clients are configured
	 */
	String client() {
		return this.place.client();
	}

	ClientPriority priority() {
		return this.place.priority();
	}

	/**
	 * How large the request is in relation to others.
	 * @return its estimated tokens, 0 if it need not be compared
	 */
	long tokens() {
		return this.tokens;
	}

	/** Its place among the waiting requests of the pool. */
	Place place() {
		return this.place;
	}

	RequestContext context() {
		return this.context;
	}

	long arrival() {
		return this.place.arrival();
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
