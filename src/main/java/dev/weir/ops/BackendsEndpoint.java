package dev.weir.ops;

import java.time.Duration;
import java.util.List;
import java.util.OptionalDouble;

import com.fasterxml.jackson.annotation.JsonInclude;
import org.jspecify.annotations.Nullable;

import org.springframework.boot.actuate.endpoint.annotation.Endpoint;
import org.springframework.boot.actuate.endpoint.annotation.ReadOperation;
import org.springframework.boot.actuate.endpoint.annotation.Selector;

import dev.weir.backend.Backend;
import dev.weir.backend.Lane;
import dev.weir.backend.LaneCounts;
import dev.weir.backend.Pool;
import dev.weir.backend.Pools;
import dev.weir.config.BackendDialect;
import dev.weir.openai.call.Operation;

/**
 * {@code /actuator/backends}: every pool with its backends and lanes, as they are now.
 */
@Endpoint(id = "backends")
final class BackendsEndpoint {

	private final Pools pools;

	BackendsEndpoint(Pools pools) {
		this.pools = pools;
	}

	@ReadOperation
	Report all() {
		return new Report(this.pools.all().stream().map(BackendsEndpoint::pool).toList());
	}

	/**
	 * One backend.
	 * @param name its name
	 * @return the backend, or {@code null} (answered 404) if there is none of that name
	 */
	@ReadOperation
	@Nullable BackendReport one(@Selector String name) {
		for (Pool pool : this.pools.all()) {
			for (Backend backend : pool.backends()) {
				if (backend.name().equals(name)) {
					return backend(pool, backend);
				}
			}
		}
		return null;
	}

	private static PoolReport pool(Pool pool) {
		return new PoolReport(pool.name(), List.copyOf(pool.models()),
				pool.backends().stream().map((backend) -> backend(pool, backend)).toList());
	}

	private static BackendReport backend(Pool pool, Backend backend) {
		BackendState state = BackendState.of(pool, backend);
		List<LaneReport> lanes = pool.knownLanes(backend).stream().map(BackendsEndpoint::lane).toList();
		return new BackendReport(backend.name(), backend.url().toString(), backend.dialect(),
				backend.properties().priority(), backend.properties().weight(), backend.inFlight(),
				backend.properties().maxConcurrent(), state.kind(), state.why(), millis(state.left()),
				backend.breaker().getState().name(), lanes);
	}

	private static LaneReport lane(Lane lane) {
		Duration latency = lane.latency();
		OptionalDouble headroom = lane.headroom();
		return new LaneReport(lane.model(), lane.deployment(), lane.isAvailable(), lane.isRamping(),
				millis(lane.restLeft()), (lane.restReason() != null) ? String.valueOf(lane.restReason()) : null,
				lane.operationsNotServed().stream().map(Operation::path).toList(),
				(latency != null) ? latency.toMillis() : null,
				headroom.isPresent() ? Math.round(headroom.getAsDouble() * 1000) / 1000.0 : null, lane.counts());
	}

	private static @Nullable Long millis(Duration duration) {
		return duration.isZero() ? null : Long.valueOf(duration.toMillis());
	}

	/**
	 * The answer.
	 *
	 * @param pools the pools
	 */
	record Report(List<PoolReport> pools) {
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
	 * @param inFlight attempts that run on it now
	 * @param maxConcurrent how many may
	 * @param stateLeftMillis how long the state lasts, if known
	 * @param lanes its lanes in use
	 */
	@JsonInclude(JsonInclude.Include.NON_NULL)
	record BackendReport(String name, String url, BackendDialect dialect, int priority, int weight, int inFlight,
			int maxConcurrent, BackendState.Kind state, String why, @Nullable Long stateLeftMillis, String breaker,
			List<LaneReport> lanes) {
	}

	/**
	 * A lane.
	 *
	 * @param available whether it may take a request now
	 * @param ramping whether only some requests may go to it at first, after a rest
	 * @param restLeftMillis how long it still rests, if it does
	 * @param restReason why it rests, if it does
	 * @param operationsNotServed the operations that it is not asked for, since it does
	 * not serve them
	 * @param latencyMillis how long its answers take to begin, a moving average, if one
	 * has begun
	 * @param headroom how much of its quota is left, 0 to 1, if it has said so lately
	 */
	@JsonInclude(JsonInclude.Include.NON_NULL)
	record LaneReport(String model, String deployment, boolean available, boolean ramping,
			@Nullable Long restLeftMillis, @Nullable String restReason,
			@JsonInclude(JsonInclude.Include.NON_EMPTY) List<String> operationsNotServed, @Nullable Long latencyMillis,
			@Nullable Double headroom, LaneCounts counts) {
	}

}
