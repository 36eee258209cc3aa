package dev.weir.ops;

import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import org.jspecify.annotations.Nullable;

import org.springframework.boot.actuate.endpoint.annotation.Endpoint;
import org.springframework.boot.actuate.endpoint.annotation.ReadOperation;
import org.springframework.boot.actuate.endpoint.annotation.Selector;

import dev.weir.backend.Backend;
import dev.weir.backend.BackendCondition;
import dev.weir.backend.Lane;
import dev.weir.backend.LaneCounts;
import dev.weir.backend.Pool;
import dev.weir.backend.Pools;
import dev.weir.config.BackendDialect;
import dev.weir.openai.call.Operation;

/**
 * {@code /actuator/backends}: the current state of all pools, backends and lanes.
 */
@Endpoint(id = "backends")
final class BackendsEndpoint {

	private final Pools pools;

	BackendsEndpoint(Pools pools) {
		this.pools = pools;
	}

	@ReadOperation
	Report all() {
		return new Report(this.pools.all().stream().map(BackendsEndpoint::report).toList(),
				this.pools.draining().stream().map(BackendsEndpoint::report).toList());
	}

	/**
	 * Returns one backend.
	 * @param name the name of the backend
	 * @return the report on the backend; on one that was removed and still has requests,
	 * if there is no other of that name; {@code null}, which becomes a 404, if there is
	 * none
	 */
	@ReadOperation
	@Nullable Object one(@Selector String name) {
		for (Pool pool : this.pools.all()) {
			for (Backend backend : pool.backends()) {
				if (backend.name().equals(name)) {
					return report(pool, backend);
				}
			}
		}
		return this.pools.draining()
			.stream()
			.filter((backend) -> backend.key().name().equals(name))
			.findFirst()
			.map(BackendsEndpoint::report)
			.orElse(null);
	}

	private static DrainingReport report(BackendCondition removed) {
		BackendCondition.Key key = removed.key();
		return new DrainingReport(key.pool(), key.name(), key.url().toString(), key.dialect(), removed.inFlight(),
				"DRAINING", "it was removed from the configuration, and takes no further requests");
	}

	private static PoolReport report(Pool pool) {
		return new PoolReport(pool.name(), List.copyOf(pool.models()),
				pool.backends().stream().map((backend) -> report(pool, backend)).toList());
	}

	private static BackendReport report(Pool pool, Backend backend) {
		BackendState state = BackendState.of(pool, backend);
		List<LaneReport> lanes = pool.knownLanes(backend).stream().map(BackendsEndpoint::report).toList();
		return new BackendReport(backend.name(), backend.url().toString(), backend.dialect(),
				backend.properties().priority(), backend.properties().weight(), keptFor(backend), backend.inFlight(),
				backend.properties().maxConcurrent(), state.kind(), state.why(), millis(state.remaining()),
				backend.breaker().getState().name(), lanes);
	}

	private static List<String> keptFor(Backend backend) {
		return backend.properties().keptFor().stream().map((it) -> it.name().toLowerCase(Locale.ROOT)).toList();
	}

	private static LaneReport report(Lane lane) {
		Duration latency = lane.latency();
		OptionalDouble headroom = lane.headroom();
		boolean named = !lane.model().isEmpty();
		return new LaneReport(named ? lane.model() : null, named ? lane.deployment() : null, lane.isAvailable(),
				lane.isRamping(), millis(lane.cooldownLeft()),
				(lane.cooldownReason() != null) ? String.valueOf(lane.cooldownReason()) : null,
				lane.operationsNotServed().stream().map(Operation::path).toList(),
				(latency != null) ? latency.toMillis() : null,
				headroom.isPresent() ? share(headroom.getAsDouble()) : null,
				(lane.promptTokens() > 0) ? share((double) lane.cachedTokens() / lane.promptTokens()) : null,
				lane.counts());
	}

	private static double share(double value) {
		return Math.round(value * 1000) / 1000.0;
	}

	private static @Nullable Long millis(Duration duration) {
		return duration.isZero() ? null : Long.valueOf(duration.toMillis());
	}

	/**
	 * All pools.
	 *
	 * @param pools the pools
	 * @param draining the removed backends whose last requests are not over
	 */
	record Report(List<PoolReport> pools, @JsonInclude(JsonInclude.Include.NON_EMPTY) List<DrainingReport> draining) {
	}

	/**
	 * A pool.
	 *
	 * @param name its name
	 * @param models the models known to it
	 * @param backends its backends
	 */
	record PoolReport(String name, List<String> models, List<BackendReport> backends) {
	}

	/**
	 * A backend.
	 *
	 * @param keptFor the priorities of the clients that it is kept for, if not for all
	 * @param inFlight the number of attempts in flight
	 * @param maxConcurrent the limit of attempts in flight
	 * @param stateRemainingMillis how long the state lasts, if that is known
	 * @param lanes its lanes in use
	 */
	@JsonInclude(JsonInclude.Include.NON_NULL)
	record BackendReport(String name, String url, BackendDialect dialect, int priority, int weight,
			@JsonProperty("for") @JsonInclude(JsonInclude.Include.NON_EMPTY) List<String> keptFor, int inFlight,
			int maxConcurrent, BackendState.Kind state, String why, @Nullable Long stateRemainingMillis, String breaker,
			List<LaneReport> lanes) {
	}

	/**
	 * A backend that a reload has removed, or given another address, dialect or pool.
	 *
	 * @param inFlight the number of attempts in flight, which includes streams and
	 * sessions of WebSockets
	 */
	record DrainingReport(String pool, String name, String url, BackendDialect dialect, int inFlight, String state,
			String why) {
	}

	/**
	 * A lane.
	 *
	 * @param model the model, {@code null} for requests that name none
	 * @param deployment the name of the model on the backend, {@code null} without a
	 * model
	 * @param available whether it can take a request now
	 * @param ramping whether it takes only a few requests at first, after a cooldown
	 * @param cooldownRemainingMillis how long its cooldown lasts, if it is in one
	 * @param cooldownReason the reason of the cooldown, if it is in one
	 * @param operationsNotServed the operations for which it is not used, because it does
	 * not serve them
	 * @param latencyMillis the average time until its responses begin, if one has begun
	 * @param headroom the share of its quota that is left, 0 to 1, if a recent response
	 * reported it
	 * @param cachedShare the share of its input tokens that were in the backend's prompt
	 * cache, 0 to 1, if a response has reported its usage
	 */
	@JsonInclude(JsonInclude.Include.NON_NULL)
	record LaneReport(@Nullable String model, @Nullable String deployment, boolean available, boolean ramping,
			@Nullable Long cooldownRemainingMillis, @Nullable String cooldownReason,
			@JsonInclude(JsonInclude.Include.NON_EMPTY) List<String> operationsNotServed, @Nullable Long latencyMillis,
			@Nullable Double headroom, @Nullable Double cachedShare, LaneCounts counts) {
	}

}
