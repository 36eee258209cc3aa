package dev.weir.failover;

import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

import dev.weir.backend.Pool;
import dev.weir.backend.Pools;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;

/**
 * The waiting line of each pool, and a metric of how many wait in it.
 */
final class WaitingLines implements MeterBinder {

	private final Map<Pool, WaitingLine> lines;

	/**
	 * Opens the lines.
	 * @param pools the pools; each tells its line when a lane may be free
	 * @param timing what time is told by
	 */
	WaitingLines(Pools pools, Timing timing) {
		this.lines = pools.all()
			.stream()
			.collect(Collectors.toUnmodifiableMap(Function.identity(),
					(pool) -> new WaitingLine(pool.properties().maxWaiting(), timing)));
		this.lines.forEach((pool, line) -> pool.onFree(line::look));
	}

	WaitingLine of(Pool pool) {
		WaitingLine line = this.lines.get(pool);
		if (line == null) {
			throw new IllegalArgumentException("Unknown pool " + pool);
		}
		return line;
	}

	@Override
	public void bindTo(MeterRegistry registry) {
		this.lines.forEach((pool, line) -> Gauge.builder("weir.pool.waiting", line, WaitingLine::length)
			.description("Requests that wait for a backend to be free")
			.tag("pool", pool.name())
			.register(registry));
	}

}
