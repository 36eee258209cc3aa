package dev.weir.client.limit;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Ticker;
import org.jspecify.annotations.Nullable;

import dev.weir.backend.Attempt;
import dev.weir.backend.ConfigurationListener;
import dev.weir.backend.Outcome;
import dev.weir.backend.PoolSet;
import dev.weir.config.ClientProperties;
import dev.weir.config.WeirProperties;
import dev.weir.openai.error.ApiError;
import dev.weir.openai.error.ApiErrorException;
import dev.weir.openai.stored.ReportedObject;
import dev.weir.openai.stream.Usage;
import dev.weir.request.Client;
import dev.weir.request.ClientLimits;
import dev.weir.request.RequestContext;
import dev.weir.request.RequestListener;
import dev.weir.request.Reservation;
import dev.weir.request.TokenDemand;

/**
 * The quotas of all clients, by name: they outlive reloads. A client that sends nothing
 * for longer than a day is forgotten. Safe for many threads.
 */
final class ClientQuotas implements ClientLimits, ConfigurationListener, RequestListener {

	// longer than the longest window
	private static final Duration IDLE = Duration.ofHours(25);

	private static final int MAX_CLIENTS = 100_000;

	private static final int MAX_PREPARED = 10_000;

	/** Separates the name of settings from the id of a client that shares them. */
	private static final char MEMBER = '/';

	private final LimitClock clock;

	private final Consumer<Refusal> onRefused;

	private final Cache<String, ClientQuota> quotas;

	// null if limits are not shared with other Weirs
	private final @Nullable LimitLeases leases;

	private final UnsettledResponses unsettled;

	/** Those that have something to report to other Weirs. */
	private final Set<ClientQuota> unreported = ConcurrentHashMap.newKeySet();

	private volatile Map<String, ClientProperties> settings;

	/**
	 * Creates the quotas.
	 * @param properties valid settings
	 * @param clock the time of windows
	 * @param ticker a monotonic clock in nanoseconds
	 * @param onRefused receives each request that exceeds a limit
	 */
	ClientQuotas(WeirProperties properties, LimitClock clock, Ticker ticker, Consumer<Refusal> onRefused) {
		this(properties, clock, ticker, onRefused, null);
	}

	/**
	 * Creates quotas that are shared with other Weirs.
	 * @param properties valid settings
	 * @param clock the time of windows
	 * @param ticker a monotonic clock in nanoseconds
	 * @param onRefused receives each request that exceeds a limit
	 * @param leases where the limits are shared, or {@code null}
	 */
	ClientQuotas(WeirProperties properties, LimitClock clock, Ticker ticker, Consumer<Refusal> onRefused,
			@Nullable LimitLeases leases) {
		this.leases = leases;
		this.clock = clock;
		this.onRefused = onRefused;
		this.settings = byName(properties);
		this.unsettled = new UnsettledResponses(ticker);
		this.quotas = Caffeine.newBuilder()
			.ticker(ticker)
			.expireAfterAccess(IDLE)
			.maximumSize(MAX_CLIENTS)
			.executor(Runnable::run)
			.build();
		if (leases != null) {
			leases.listen(new Sharing());
		}
	}

	private static Map<String, ClientProperties> byName(WeirProperties properties) {
		Map<String, ClientProperties> byName = new LinkedHashMap<>();
		properties.clients().forEach((client) -> byName.put(client.name(), client));
		return byName;
	}

	@Override
	public void onApplied(PoolSet current) {
		this.settings = byName(current.properties());
	}

	@Override
	public @Nullable Reservation reserve(RequestContext context) {
		Client client = context.client();
		if (client == null) {
			return null;
		}
		// a WebSocket may be older than the current settings
		ClientProperties current = this.settings.getOrDefault(client.properties().name(), client.properties());
		if (!current.isLimited()) {
			return null;
		}
		TokenDemand demand = TokenDemand.of(context.call());
		try {
			ClientQuota quota = quotaOf(client.name(), current);
			Grant grant = quota.take(current, context.call().model(), demand);
			if (this.leases != null) {
				this.unreported.add(quota);
			}
			return new Reservation(grant, demand.prompt(),
					grant.limitsTokens() ? demand.kind() : Reservation.Kind.REQUEST);
		}
		catch (LimitExceededException ex) {
			ApiErrorException reply = ex.toReply(client.name());
			this.onRefused.accept(new Refusal(client, ex.limit(), reply.error(), context.id()));
			throw reply;
		}
	}

	private ClientQuota quotaOf(String name, ClientProperties settings) {
		ClientQuota known = this.quotas.getIfPresent(name);
		return (known != null) ? known
				: this.quotas.get(name, (missing) -> new ClientQuota(name, settings, this.clock, this.leases));
	}

	@Override
	public void onUsage(RequestContext context, Attempt attempt, Usage usage) {
		Reservation reservation = context.reservation();
		if (reservation != null && reservation.limitsTokens()) {
			reservation.onUsage(attempt, usage);
			this.unsettled.onUsage(reservation);
		}
		else {
			this.unsettled.onUsage(context, usage);
		}
	}

	@Override
	public void onObjects(RequestContext context, Attempt attempt, List<ReportedObject> objects) {
		Reservation reservation = context.reservation();
		if (reservation != null) {
			this.unsettled.onObjects(reservation, objects);
		}
	}

	@Override
	public void onAttemptEnd(RequestContext context, Attempt attempt, Outcome outcome, Duration duration) {
		Reservation reservation = context.reservation();
		if (reservation != null) {
			reservation.onAttemptEnd(attempt, outcome);
		}
	}

	/**
	 * Describes all clients of the configuration, and those that share the settings of
	 * one.
	 * @return the clients, those of the configuration in its order
	 */
	List<ClientsEndpoint.ClientReport> report() {
		Map<String, ClientProperties> all = new LinkedHashMap<>(this.settings);
		this.quotas.asMap().keySet().stream().sorted().forEach((name) -> {
			ClientProperties shared = this.settings.get(name.substring(0, Math.max(0, name.indexOf(MEMBER))));
			if (shared != null) {
				all.putIfAbsent(name, shared);
			}
		});
		return all.entrySet().stream().map((client) -> report(client.getKey(), client.getValue())).toList();
	}

	/**
	 * Describes a client of the configuration.
	 * @param name its name
	 * @return the client, or {@code null} if there is none of that name
	 */
	ClientsEndpoint.@Nullable ClientReport report(String name) {
		ClientProperties client = this.settings.get(name);
		return (client != null) ? report(name, client) : null;
	}

	private ClientsEndpoint.ClientReport report(String name, ClientProperties client) {
		// reading makes no state
		ClientQuota known = this.quotas.asMap().get(name);
		return ((known != null) ? known : new ClientQuota(client, this.clock)).report(name, client);
	}

	/**
	 * A request that exceeds a limit of its client.
	 *
	 * @param client the client
	 * @param limit the property of the limit
	 * @param reply the error with status 429
	 * @param requestId the id of the request
	 */
	record Refusal(Client client, String limit, ApiError reply, String requestId) {
	}

	/** Exchanges limits with other Weirs. */
	private final class Sharing implements LimitLeases.Listener {

		/**
		 * A Weir that starts in the middle of a minute has no part of any limit: it
		 * leases one for each client before requests come.
		 */
		@Override
		public void onConnected() {
			ClientQuotas.this.settings.values()
				.stream()
				.filter(ClientProperties::isLimited)
				.limit(MAX_PREPARED)
				.forEach((client) -> quotaOf(client.name(), client).prepare(client));
		}

		@Override
		public void onTick() {
			for (ClientQuota quota : List.copyOf(ClientQuotas.this.unreported)) {
				// removed before, since a request may add it again meanwhile
				ClientQuotas.this.unreported.remove(quota);
				if (quota.report()) {
					ClientQuotas.this.unreported.add(quota);
				}
			}
		}

		@Override
		public void onShortage(LimitLeases.Key key, long window, boolean first) {
			ClientQuota known = ClientQuotas.this.quotas.asMap().get(key.client());
			if (known != null) {
				known.onShortage(key, window, first);
			}
		}

	}

}
