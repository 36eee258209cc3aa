package dev.weir.client.limit;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
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

	/** Separates the name of settings from the id of a client that shares them. */
	private static final char MEMBER = '/';

	private final LimitClock clock;

	private final Consumer<String> onRefused;

	private final Cache<String, ClientQuota> quotas;

	private volatile Map<String, ClientProperties> settings;

	/**
	 * Creates the quotas.
	 * @param properties valid settings
	 * @param clock the time of windows
	 * @param ticker a monotonic clock in nanoseconds
	 * @param onRefused receives the property of a limit that a request exceeded
	 */
	ClientQuotas(WeirProperties properties, LimitClock clock, Ticker ticker, Consumer<String> onRefused) {
		this.clock = clock;
		this.onRefused = onRefused;
		this.settings = byName(properties);
		this.quotas = Caffeine.newBuilder()
			.ticker(ticker)
			.expireAfterAccess(IDLE)
			.maximumSize(MAX_CLIENTS)
			.executor(Runnable::run)
			.build();
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
			Grant grant = quotaOf(client.name(), current).take(current, context.call().model(), demand);
			return new Reservation(grant, demand.prompt(),
					grant.limitsTokens() ? demand.kind() : Reservation.Kind.REQUEST);
		}
		catch (LimitExceededException ex) {
			this.onRefused.accept(ex.limit());
			throw ex.toReply(client.name());
		}
	}

	private ClientQuota quotaOf(String name, ClientProperties settings) {
		ClientQuota known = this.quotas.getIfPresent(name);
		return (known != null) ? known : this.quotas.get(name, (missing) -> new ClientQuota(settings, this.clock));
	}

	@Override
	public void onUsage(RequestContext context, Attempt attempt, Usage usage) {
		Reservation reservation = context.reservation();
		if (reservation != null) {
			reservation.onUsage(attempt, usage);
		}
	}

	@Override
	public void onAttemptEnd(RequestContext context, Attempt attempt, Outcome outcome, Duration duration) {
		Reservation reservation = context.reservation();
		if (reservation != null) {
			reservation.onAttemptEnd(outcome, attempt.hasStarted());
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

}
