package dev.weir.request;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

import com.github.benmanes.caffeine.cache.Ticker;
import org.jspecify.annotations.Nullable;
import reactor.core.Disposable;

import org.springframework.web.server.ServerWebExchange;

import dev.weir.openai.body.RequestBody;
import dev.weir.openai.call.ApiCall;
import dev.weir.openai.stored.StoredOperation;
import dev.weir.backend.Lanes;
import dev.weir.backend.Outcome;
import dev.weir.backend.Pool;
import dev.weir.backend.PoolSet;
import dev.weir.backend.RequestTraits;
import dev.weir.config.WeirProperties;
import dev.weir.memory.BufferBudget;

/**
 * The state of one request. It is created when the head of the request has arrived, and
 * completed step by step: the pool when the route is known, the call when the body has
 * been read, the lanes when failover begins. It is Weir's only exchange attribute. Used
 * on the request's {@link #loop()} only, from the moment failover begins.
 */
public final class RequestContext {

	/** The status of a request whose client left before a reply began, as in nginx. */
	public static final int CLIENT_LEFT = 499;

	private static final String ATTRIBUTE = RequestContext.class.getName();

	private final String id;

	private final RequestLoop loop;

	private final Ticker ticker;

	private final List<RequestListener> listeners;

	private @Nullable Client client;

	private @Nullable PoolSet configuration;

	private @Nullable Pool pool;

	private @Nullable RequestEvents events;

	private boolean passThrough;

	private @Nullable ApiCall call;

	private BufferBudget.@Nullable Share bodyShare;

	private @Nullable Binding binding;

	private Duration lookupTime = Duration.ZERO;

	private @Nullable NewObjects newObjects;

	private @Nullable FailoverState failover;

	private boolean reasoningLeftOut;

	private boolean released;

	// the response of the running attempt, until a reader has taken it over
	private @Nullable Disposable response;

	private @Nullable Reply reply;

	private @Nullable IssuedKey key;

	private @Nullable Reservation reservation;

	/**
	 * Creates the context of a request whose head has arrived.
	 * @param id the id that Weir gave the request
	 * @param loop the event loop of the client's connection
	 * @param ticker a monotonic clock in nanoseconds
	 * @param listeners the listeners to notify of attempts and of the end
	 */
	public RequestContext(String id, RequestLoop loop, Ticker ticker, List<RequestListener> listeners) {
		this.id = id;
		this.loop = loop;
		this.ticker = ticker;
		this.listeners = listeners;
	}

	/**
	 * Creates the context of a part of this request, such as one of several calls that
	 * its reply is made of. It has separate attempts, of which the listeners of this
	 * request are notified, and no reply. The caller releases it.
	 * @param partCall the call of the part
	 * @param lanes the lanes that it may use
	 * @return the context, with failover begun
	 */
	public RequestContext part(ApiCall partCall, Lanes lanes) {
		RequestContext part = new RequestContext(this.id, this.loop, this.ticker, this.listeners);
		part.client = this.client;
		part.configuration = this.configuration;
		part.pool = pool();
		part.events = this.events;
		part.call = partCall;
		part.beginFailover(lanes, new RequestTraits(partCall.path().operation(), 0, () -> System.identityHashCode(part),
				false, partCall.path().namesApiVersion()));
		return part;
	}

	/**
	 * Creates the context of a request that came on the connection of this one, such as a
	 * message of its WebSocket.
	 * @param childId the id of the request
	 * @return the context
	 */
	public RequestContext child(String childId) {
		return new RequestContext(childId, this.loop, this.ticker, this.listeners);
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
	 * Stores the context as an attribute of an exchange.
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
	 * Records who sends the request.
	 * @param identified the client, or {@code null} if no clients are configured
	 */
	public void identify(@Nullable Client identified) {
		this.client = identified;
	}

	/**
	 * The client that sends the request.
	 * @return the client, or {@code null} if no clients are configured
	 */
	public @Nullable Client client() {
		return this.client;
	}

	/**
	 * The client that competes with others for what all requests share, such as memory.
	 * It may take a part only.
	 * @return the name of the client, or {@code null} if there are no other clients
	 */
	public @Nullable String competingClient() {
		return (this.client != null && this.configuration != null && hasOtherClients(this.configuration.properties()))
				? this.client.name() : null;
	}

	private static boolean hasOtherClients(WeirProperties settings) {
		return settings.clients().size() > 1 || settings.entra() != null;
	}

	/**
	 * The clock for durations of the request.
	 * @return a monotonic clock in nanoseconds
	 */
	public Ticker ticker() {
		return this.ticker;
	}

	/**
	 * Begins to look up the route of the request among the routes of a configuration,
	 * which becomes that of the request.
	 * @param among the configuration
	 * @return whether the lookup begins; {@code false} for each further route
	 */
	public boolean startLookup(PoolSet among) {
		boolean starts = this.configuration != among;
		this.configuration = among;
		return starts;
	}

	/**
	 * The configuration that the request sees from its beginning to its end, whatever
	 * reloads happen meanwhile.
	 * @return the configuration
	 * @throws IllegalStateException before its route has been looked up
	 */
	public PoolSet configuration() {
		return required(this.configuration, "configuration");
	}

	/**
	 * Whether the request has another configuration than the current one.
	 * @param current the current configuration
	 * @return whether a reload has happened since its route was looked up
	 */
	public boolean isOutdated(PoolSet current) {
		return this.configuration != null && this.configuration != current;
	}

	/**
	 * Records that the request was routed to a pool. The first time, starts to measure
	 * its duration.
	 * @param to the pool
	 */
	public void onRouted(Pool to) {
		this.pool = to;
		if (this.events == null) {
			this.events = new RequestEvents(this, this.listeners, this.ticker);
		}
	}

	/**
	 * Records the pool that the request goes to after the user's filters, which may have
	 * replaced that of the route.
	 * @param chosen the pool
	 */
	public void routeTo(Pool chosen) {
		if (this.pool == null) {
			onRouted(chosen);
		}
		this.pool = chosen;
		this.passThrough = false;
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
	 * Records whether the route of the request leads to a server instead of a pool.
	 * @param passing whether it does
	 */
	public void passThrough(boolean passing) {
		this.passThrough = passing;
	}

	/**
	 * Whether the reply comes from the server of a route that does not lead to a pool.
	 * @return whether the reply passes through Weir unchanged
	 */
	public boolean isPassThrough() {
		return this.passThrough;
	}

	/**
	 * Notifies the listeners that the request has ended, if it was routed to a pool.
	 * Without effect when called again.
	 * @param status the HTTP status that the client got, or {@link #CLIENT_LEFT}
	 */
	public void notifyEnd(int status) {
		if (this.events != null) {
			this.events.onRequestEnd(status);
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
	 * The parsed request.
	 * @return the call
	 * @throws IllegalStateException if it has not been read
	 */
	public ApiCall call() {
		return required(this.call, "call");
	}

	/**
	 * Leaves reasoning out of the body, because the backend that made it does not take
	 * the request.
	 * @param unwanted whether the reasoning with a hash is left out
	 * @param acceptable whether the new call may replace the client's
	 * @return whether it has replaced it; {@code false} if there is no such reasoning
	 */
	public boolean leaveOutReasoning(Predicate<String> unwanted, Predicate<ApiCall> acceptable) {
		ApiCall old = call();
		StoredOperation stored = old.path().storedOperation();
		RequestBody reduced = (old.body() != null && stored != null && isWithItems(old))
				? old.body().withoutReasoning(unwanted, stored.request()) : null;
		ApiCall next = (reduced != null) ? new ApiCall(old.path(), old.model(), reduced, old.replayable()) : null;
		if (next == null || !acceptable.test(next)) {
			return false;
		}
		this.call = next;
		this.reasoningLeftOut = true;
		return true;
	}

	private static boolean isWithItems(ApiCall call) {
		return switch (call.path().operation()) {
			case RESPONSES, RESPONSES_SOCKET, RESPONSES_COMPACT, RESPONSES_INPUT_TOKENS -> true;
			default -> false;
		};
	}

	/**
	 * Whether reasoning was left out of the body.
	 * @return whether the backend that replies has not got all that the client sent
	 */
	public boolean isReasoningLeftOut() {
		return this.reasoningLeftOut;
	}

	/**
	 * Holds the share of the memory budget that the request's body is counted in, until
	 * the body is released.
	 * @param share the share
	 */
	public void holdBody(BufferBudget.Share share) {
		releaseShare();
		this.bodyShare = share;
	}

	/**
	 * The share of the memory budget that the request's body is counted in.
	 * @return the share, or {@code null} if no body is held
	 */
	public BufferBudget.@Nullable Share bodyShare() {
		return this.bodyShare;
	}

	/**
	 * Releases the request's body, which is not sent again. Without effect when called
	 * again.
	 */
	public void releaseBody() {
		if (this.call != null && this.call.body() != null) {
			this.call = new ApiCall(this.call.path(), this.call.model(), null, false);
		}
		releaseShare();
	}

	private void releaseShare() {
		if (this.bodyShare != null) {
			this.bodyShare.close();
			this.bodyShare = null;
		}
	}

	/**
	 * Sets the restriction of the request to the owner of the objects that it names.
	 * @param restriction the restriction, or {@code null} for none
	 */
	public void bind(@Nullable Binding restriction) {
		this.binding = restriction;
	}

	/**
	 * The restriction of the request to the owner of the objects that it names.
	 * @return the restriction, or {@code null} if any backend may take the request
	 */
	public @Nullable Binding binding() {
		return this.binding;
	}

	/**
	 * Records how long the owners of the objects that the request names were looked up.
	 * @param time the time, which the client has already waited when failover begins
	 */
	public void lookupTime(Duration time) {
		this.lookupTime = time;
	}

	/**
	 * How long the owners of the objects that the request names were looked up.
	 * @return the time, zero if there was no lookup
	 */
	public Duration lookupTime() {
		return this.lookupTime;
	}

	/**
	 * Records to which client the objects belong that the request makes.
	 * @param owned the client and the objects that exist already, {@code null} if the new
	 * objects have no known client
	 */
	public void ownNewObjects(@Nullable NewObjects owned) {
		this.newObjects = owned;
	}

	/**
	 * To which client the objects belong that the request makes.
	 * @return the client, or {@code null} if none is known
	 */
	public @Nullable NewObjects newObjects() {
		return this.newObjects;
	}

	/**
	 * Begins failover, with no attempt made.
	 * @param lanes the lanes of the pool that serve the request; those that its
	 * {@link #binding()} excludes are left out
	 * @param traits the properties of the request that lanes depend on
	 */
	public void beginFailover(Lanes lanes, RequestTraits traits) {
		releaseAttempts();
		this.released = false;
		this.reply = null;
		this.failover = new FailoverState(pool(), candidates(lanes, traits),
				new Deadline(pool().properties().deadline(), this.ticker), traits, required(this.events, "pool"));
	}

	private Candidates candidates(Lanes lanes, RequestTraits traits) {
		Lanes bound = (this.binding != null) ? lanes.of(this.binding.backends()) : lanes;
		boolean home = this.binding != null && this.binding.isHome();
		boolean free = this.binding == null || (home && bound.isEmpty());
		return new Candidates(free ? lanes : bound, lanes, !free, traits);
	}

	/**
	 * Moves the request to a new configuration. It has waited and made no attempt.
	 * @param next the configuration
	 * @param to the pool of the same name
	 * @param lanes the lanes of that pool that serve the request
	 */
	public void moveTo(PoolSet next, Pool to, Lanes lanes) {
		this.configuration = next;
		this.pool = to;
		this.failover = failover().movedTo(to, candidates(lanes, failover().traits()));
	}

	/**
	 * Restricts the request to the backend that has issued a key, which that backend gets
	 * in place of its own credential.
	 * @param issued the key
	 */
	public void useKey(IssuedKey issued) {
		this.key = issued;
	}

	/**
	 * The key that its backend has issued to the client.
	 * @return the key, or {@code null} if the backend gets its own credential
	 */
	public @Nullable IssuedKey issuedKey() {
		return this.key;
	}

	/**
	 * Whether failover has begun.
	 * @return whether there is a {@link #failover()}
	 */
	public boolean hasFailover() {
		return this.failover != null;
	}

	/**
	 * The lanes that the request may use and the attempts that were made.
	 * @return the state of failover
	 * @throws IllegalStateException if failover has not begun
	 */
	public FailoverState failover() {
		return required(this.failover, "failover");
	}

	/**
	 * Registers a response to discard when the request is released. It replaces the
	 * previous one.
	 * @param discard discards the response; without effect once it has been read
	 */
	public void discardOnRelease(Disposable discard) {
		this.response = discard;
		if (this.released) {
			discard.dispose();
		}
	}

	/**
	 * Sets the reply to write to the client, or discards it if the request has been
	 * released in the meantime.
	 * @param ready the reply
	 */
	public void reply(Reply ready) {
		this.reply = ready;
		if (this.events != null) {
			this.events.onReply();
		}
		if (this.released) {
			ready.discard(new Outcome.Cancelled());
		}
	}

	/**
	 * The reply that is written to the client.
	 * @return the reply, or {@code null} before there is one
	 */
	public @Nullable Reply reply() {
		return this.reply;
	}

	/**
	 * Ends the running attempt as cancelled, discards the response and the reply, and
	 * releases the body: the client has its reply or has left, or a filter failed.
	 * Without effect when called again.
	 */
	public void release() {
		releaseAttempts();
		releaseShare();
		if (this.reservation != null) {
			this.reservation.end();
		}
	}

	/**
	 * Holds what the request has reserved of the limits of its client, until the request
	 * is released.
	 * @param reserved the reservation
	 */
	public void holdReservation(Reservation reserved) {
		this.reservation = reserved;
	}

	/**
	 * What the request has reserved of the limits of its client.
	 * @return the reservation, or {@code null} if the client has no limits
	 */
	public @Nullable Reservation reservation() {
		return this.reservation;
	}

	private void releaseAttempts() {
		this.released = true;
		if (this.failover != null) {
			this.failover.attempts().close();
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

}
