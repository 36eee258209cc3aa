package dev.weir.request;

import java.time.Duration;
import java.util.List;
import java.util.Map;

import com.github.benmanes.caffeine.cache.Ticker;
import org.jspecify.annotations.Nullable;
import reactor.core.Disposable;

import org.springframework.web.server.ServerWebExchange;

import dev.weir.openai.call.ApiCall;
import dev.weir.backend.Attempt;
import dev.weir.backend.AttemptListener;
import dev.weir.backend.Lane;
import dev.weir.backend.Lanes;
import dev.weir.backend.Outcome;
import dev.weir.backend.Pool;
import dev.weir.backend.RequestTraits;
import dev.weir.memory.BufferBudget;

/**
 * Everything that Weir knows of one request. It is made when the head of the request has
 * come, and filled on the way: the pool when the route is found, the call when the body
 * has been read, the lanes when failover begins. The only exchange attribute of Weir's
 * own. Used on the request's {@link #loop()} only, from the moment failover begins.
 */
public final class RequestContext {

	/** The status of a request whose client left before it had one, as nginx has it. */
	public static final int CLIENT_LEFT = 499;

	private static final String ATTRIBUTE = RequestContext.class.getName();

	private final String id;

	private final RequestLoop loop;

	private final Ticker ticker;

	private final List<RequestListener> listeners;

	private @Nullable Pool pool;

	private long enteredAt;

	private boolean ended;

	private boolean passThrough;

	private @Nullable ApiCall call;

	private BufferBudget.@Nullable Share body;

	private @Nullable Selection selection;

	private Duration waited = Duration.ZERO;

	private boolean repeatable = true;

	private boolean closed;

	// the response of the attempt that runs, while it is in nobody else's hands
	private @Nullable Disposable response;

	private @Nullable Reply reply;

	/**
	 * Makes the context of a request of which only the head is known.
	 * @param id the id that Weir gave the request
	 * @param loop what the request runs on
	 * @param ticker a monotonic clock in nanoseconds
	 * @param listeners are notified of attempts and of the end
	 */
	public RequestContext(String id, RequestLoop loop, Ticker ticker, List<RequestListener> listeners) {
		this.id = id;
		this.loop = loop;
		this.ticker = ticker;
		this.listeners = listeners;
	}

	/**
	 * The context of a request.
	 * @param exchange its exchange
	 * @return the context
	 * @throws IllegalStateException if the exchange has none
	 */
	public static RequestContext of(ServerWebExchange exchange) {
		RequestContext context = find(exchange);
		if (context == null) {
			throw new IllegalStateException("The request has no context");
		}
		return context;
	}

	/**
	 * The context of a request, if it has one.
	 * @param exchange its exchange
	 * @return the context, or {@code null}
	 */
	public static @Nullable RequestContext find(ServerWebExchange exchange) {
		return find(exchange.getAttributes());
	}

	/**
	 * The context of a request, if it has one.
	 * @param attributes the attributes of its exchange
	 * @return the context, or {@code null}
	 */
	public static @Nullable RequestContext find(Map<String, Object> attributes) {
		return (RequestContext) attributes.get(ATTRIBUTE);
	}

	/**
	 * The id of a request, for a log line.
	 * @param exchange its exchange
	 * @return the id, or a dash if the request has none
	 */
	public static String idOf(ServerWebExchange exchange) {
		RequestContext context = find(exchange);
		return (context != null) ? context.id : "-";
	}

	/**
	 * Stores the context where {@link #of(ServerWebExchange)} finds it.
	 * @param exchange the request's exchange
	 */
	public void store(ServerWebExchange exchange) {
		exchange.getAttributes().put(ATTRIBUTE, this);
	}

	public String id() {
		return this.id;
	}

	public RequestLoop loop() {
		return this.loop;
	}

	/**
	 * The clock that durations of the request are measured with.
	 * @return a monotonic clock in nanoseconds
	 */
	public Ticker ticker() {
		return this.ticker;
	}

	/**
	 * Records that the request was routed to a pool. Its time begins.
	 * @param to the pool
	 */
	public void onRouted(Pool to) {
		this.pool = to;
		this.enteredAt = this.ticker.read();
		this.ended = false;
	}

	/**
	 * The pool that the request was routed to.
	 * @return the pool
	 * @throws IllegalStateException if there is none
	 */
	public Pool pool() {
		return required(this.pool, "pool");
	}

	/**
	 * Whether the request was routed to a pool.
	 * @return whether there is a {@link #pool()}
	 */
	public boolean hasPool() {
		return this.pool != null;
	}

	/**
	 * Records whether the request takes a route that leads to no pool, so that its reply
	 * is its server's.
	 * @param passing whether it does
	 */
	public void passThrough(boolean passing) {
		this.passThrough = passing;
	}

	/**
	 * Whether the reply is that of a server behind a route that leads to no pool.
	 * @return whether Weir has no part in the reply
	 */
	public boolean isPassThrough() {
		return this.passThrough;
	}

	/**
	 * Notifies the listeners that the request has ended, if it was routed to a pool. Only
	 * the first time counts.
	 * @param status the HTTP status that the client got, or {@link #CLIENT_LEFT}
	 */
	public void end(int status) {
		if (this.pool != null && !this.ended) {
			this.ended = true;
			Duration duration = Duration.ofNanos(this.ticker.read() - this.enteredAt);
			for (RequestListener listener : this.listeners) {
				listener.onEnd(this, status, duration);
			}
		}
	}

	/**
	 * Records the call once it has been read.
	 * @param read the call
	 */
	public void onCallRead(ApiCall read) {
		this.call = read;
	}

	/**
	 * What the client wants done.
	 * @return the call
	 * @throws IllegalStateException if it has not been read
	 */
	public ApiCall call() {
		return required(this.call, "call");
	}

	/**
	 * Whether the call has been read.
	 * @return whether there is a {@link #call()}
	 */
	public boolean hasCall() {
		return this.call != null;
	}

	/**
	 * Holds what the request's body is accounted for by until the body is released.
	 * @param share the account
	 */
	public void holdBody(BufferBudget.Share share) {
		closeShare();
		this.body = share;
	}

	/**
	 * The account of the request's body.
	 * @return the account, or {@code null} if no body is held
	 */
	public BufferBudget.@Nullable Share body() {
		return this.body;
	}

	/**
	 * Releases the request's body: it is not sent again. Without effect the next time.
	 */
	public void releaseBody() {
		if (this.call != null && this.call.body() != null) {
			this.call = new ApiCall(this.call.path(), this.call.model(), null, false);
		}
		closeShare();
	}

	private void closeShare() {
		if (this.body != null) {
			this.body.close();
			this.body = null;
		}
	}

	/**
	 * Begins the choice of lanes.
	 * @param lanes the lanes of the pool that serve the request
	 * @param traits what matters of the request to lanes
	 */
	public void begin(Lanes lanes, RequestTraits traits) {
		closeAttempts();
		this.closed = false;
		this.reply = null;
		this.waited = Duration.ZERO;
		this.selection = new Selection(traits, new Candidates(lanes, traits), new Attempts(),
				new Deadline(pool().properties().deadline(), this.ticker));
	}

	/**
	 * Whether the choice of lanes has begun.
	 * @return whether there are {@link #candidates()} and {@link #attempts()}
	 */
	public boolean hasBegun() {
		return this.selection != null;
	}

	/**
	 * What matters of the request to lanes.
	 * @return the traits
	 */
	public RequestTraits traits() {
		return selection().traits();
	}

	/**
	 * The lanes that the request may use.
	 * @return the candidates
	 */
	public Candidates candidates() {
		return selection().candidates();
	}

	/**
	 * The attempts that were made.
	 * @return the attempts
	 */
	public Attempts attempts() {
		return selection().attempts();
	}

	/**
	 * How much time the request has left.
	 * @return the deadline
	 */
	public Deadline deadline() {
		return selection().deadline();
	}

	private Selection selection() {
		return required(this.selection, "selection of lanes");
	}

	/**
	 * Begins an attempt on a lane, if the lane allows it.
	 * @param lane the lane, which is not chosen again for this request if it does, and
	 * not in this round if it refuses
	 * @return whether the attempt has begun
	 */
	public boolean tryBegin(Lane lane) {
		Attempt attempt = lane.tryBegin(traits(), new Forwarding());
		if (attempt == null) {
			candidates().onRefused(lane);
			return false;
		}
		candidates().onTried(lane);
		attempts().begin(attempt);
		return true;
	}

	/**
	 * Sets whether the request may be made again should the attempt that runs fail
	 * without a response.
	 * @param repeatable whether it may
	 */
	public void repeatable(boolean repeatable) {
		this.repeatable = repeatable;
	}

	/**
	 * Whether another lane could take the request at this moment should the attempt that
	 * runs fail without a response. Otherwise giving it up early gains nothing.
	 * @return whether the request may be made again, a lane is available, and neither the
	 * retry budget nor {@code max-attempts} is used up by then
	 */
	public boolean canTryAnotherLane() {
		return this.repeatable && attempts().counted() + 1 < pool().properties().maxAttempts()
				&& pool().retryBudget().hasRetry() && candidates().hasAvailable();
	}

	/** Records that the attempt that runs serves the request, or has begun to. */
	public void onServed() {
		Attempt attempt = attempts().current();
		if (attempt != null) {
			attempt.lane().onServed(traits());
		}
	}

	/**
	 * Records that the request has waited for a lane.
	 * @param time how long
	 */
	public void addWait(Duration time) {
		this.waited = this.waited.plus(time);
	}

	/**
	 * How long the request has waited for lanes.
	 * @return the sum of all waits
	 */
	public Duration waited() {
		return this.waited;
	}

	/**
	 * Has a response discarded when the request is closed, in place of the one before.
	 * @param discard discards the response; without effect once it has been read
	 */
	public void discardOnClose(Disposable discard) {
		this.response = discard;
	}

	/**
	 * Records the reply that is written to the client, or discards it if the request has
	 * been closed meanwhile.
	 * @param body the reply
	 */
	public void reply(Reply body) {
		this.reply = body;
		if (this.closed) {
			body.discard(new Outcome.Cancelled());
		}
	}

	/**
	 * The reply that is written to the client.
	 * @return the reply, or {@code null} as long as there is none
	 */
	public @Nullable Reply reply() {
		return this.reply;
	}

	/**
	 * Whether nothing is to be done for the request any more.
	 * @return whether the request was closed
	 */
	public boolean isClosed() {
		return this.closed;
	}

	/**
	 * Ends whatever is still open of the request: the client has its reply or has left,
	 * or a filter failed. No backend is to blame for it. Without effect the next time.
	 */
	public void close() {
		closeAttempts();
		closeShare();
	}

	private void closeAttempts() {
		this.closed = true;
		if (this.selection != null) {
			this.selection.attempts().close();
		}
		if (this.reply != null) {
			this.reply.discard(new Outcome.Cancelled());
		}
		if (this.response != null) {
			this.response.dispose();
			this.response = null;
		}
	}

	private static <T> T required(@Nullable T value, String name) {
		if (value == null) {
			throw new IllegalStateException("The request has no " + name + " yet");
		}
		return value;
	}

	private record Selection(RequestTraits traits, Candidates candidates, Attempts attempts, Deadline deadline) {
	}

	/** Passes on to the listeners what happens to an attempt. */
	private final class Forwarding implements AttemptListener {

		@Override
		public void onEnd(Attempt attempt, Outcome outcome, Duration duration) {
			for (RequestListener listener : RequestContext.this.listeners) {
				listener.onAttemptEnd(RequestContext.this, attempt, outcome, duration);
			}
		}

		@Override
		public void onUsage(Attempt attempt, long inputTokens, long outputTokens) {
			for (RequestListener listener : RequestContext.this.listeners) {
				listener.onUsage(RequestContext.this, attempt, inputTokens, outputTokens);
			}
		}

	}

}
