package dev.weir.failover;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * A random schedule: a pool, the faults of its backends over time, and the calls of
 * clients. Equal seeds give equal schedules. Times are milliseconds from the beginning.
 *
 * @param seed the seed
 * @param settings the pool's settings by their names in the configuration
 * @param backends the backends
 * @param breaker how the circuit breakers are set
 * @param divergence how often a backend sends other content than the others, in percent
 * @param calls the calls of clients
 */
record Schedule(long seed, Map<String, String> settings, List<Place> backends, Breaker breaker, int divergence,
		List<Call> calls) {

	// more calls than there are in a schedule
	private static final int NEVER = 500;

	static Schedule of(long seed) {
		Random random = new Random(seed);
		int period = 200 + random.nextInt(pick(random, 1_000, 5_000, 30_000));
		List<Fault> faults = faults(random);
		int health = pick(random, 10, 40, 70);
		int tiers = 1 + random.nextInt(3);
		List<Place> backends = new ArrayList<>();
		int count = 1 + random.nextInt(5);
		for (int i = 0; i < count; i++) {
			backends.add(new Place("b" + i, 1 + random.nextInt(tiers), 1 + random.nextInt(5),
					i == 0 || random.nextInt(5) > 0, pick(random, 1, 2, 5, 100_000, 100_000),
					phases(random, period, faults, health)));
		}
		Breaker breaker = random.nextBoolean() ? Breaker.never()
				: new Breaker(2 + random.nextInt(4), 200 + random.nextInt(5_000), 1 + random.nextInt(3));
		return new Schedule(seed, settings(random), backends, breaker, pick(random, 0, 0, 20), calls(random, period));
	}

	private static Map<String, String> settings(Random random) {
		Map<String, String> all = new LinkedHashMap<>();
		all.put("strategy", pick(random, "weighted", "least-busy", "fastest", "most-headroom", "cache-affine"));
		all.put("max-wait", pick(random, 0, 50, 200, 1_000, 3_000) + "ms");
		all.put("max-waiting", String.valueOf(pick(random, 0, 1, 2, 5, 1_000)));
		all.put("deadline", (500 + random.nextInt(pick(random, 2_000, 20_000))) + "ms");
		all.put("response-timeout", (300 + random.nextInt(8_000)) + "ms");
		all.put("first-event-timeout", (300 + random.nextInt(4_000)) + "ms");
		all.put("stream-idle-timeout", (300 + random.nextInt(2_500)) + "ms");
		all.put("max-attempts", String.valueOf(pick(random, 1, 2, 5, 5, 100)));
		int cooldown = 50 + random.nextInt(4_000);
		all.put("cooldown.default", cooldown + "ms");
		all.put("cooldown.max", (cooldown + random.nextInt(15_000)) + "ms");
		all.put("cooldown.refusal", (500 + random.nextInt(30_000)) + "ms");
		all.put("retry-budget.percent", String.valueOf(pick(random, 0, 20, 50, 100)));
		all.put("retry-budget.min-per-second", String.valueOf(pick(random, 0, 1, 3, 10)));
		all.put("resume", String.valueOf(random.nextInt(3) == 0));
		return all;
	}

	private static List<Fault> faults(Random random) {
		List<Fault> all = new ArrayList<>(Arrays.asList(Fault.values()));
		all.remove(Fault.SERVE);
		Collections.shuffle(all, random);
		return all.subList(0, 1 + random.nextInt(all.size()));
	}

	private static List<Phase> phases(Random random, int period, List<Fault> faults, int health) {
		List<Phase> phases = new ArrayList<>();
		int from = 0;
		while (from < period) {
			Fault fault = (random.nextInt(100) < health) ? Fault.SERVE : faults.get(random.nextInt(faults.size()));
			phases.add(new Phase(from, fault, pick(random, 30, 70, 100)));
			from += 1 + random.nextInt(period / 2 + 1);
		}
		return phases;
	}

	private static List<Call> calls(Random random, int period) {
		List<Call> calls = new ArrayList<>();
		int count = 10 + random.nextInt(51);
		int at = 0;
		for (int id = 0; id < count; id++) {
			// some arrive at the same time
			at = (random.nextInt(4) == 0) ? at : random.nextInt(period);
			Kind kind = (random.nextInt(3) > 0) ? Kind.STREAM
					: pick(random, Kind.PLAIN, Kind.PLAIN, Kind.UNREPEATABLE, Kind.MAKES);
			long leaves = (random.nextInt(8) == 0) ? random.nextInt(pick(random, 300, 3_000)) : -1;
			int pace = (random.nextInt(6) == 0) ? 1 + random.nextInt(400) : 0;
			calls.add(new Call(id, at, kind, (random.nextInt(4) == 0) ? "m2" : "m1", leaves, pace));
		}
		return calls;
	}

	@SafeVarargs
	static <T> T pick(Random random, T... values) {
		return values[random.nextInt(values.length)];
	}

	/**
	 * A backend.
	 *
	 * @param name its name
	 * @param priority its tier
	 * @param weight its share in it
	 * @param second whether it serves the second model, too
	 * @param maxConcurrent how many calls it takes at once
	 * @param phases its phases, in order
	 */
	record Place(String name, int priority, int weight, boolean second, int maxConcurrent, List<Phase> phases) {

		boolean serves(String model) {
			return this.second || !model.equals("m2");
		}

		Phase at(long millis) {
			Phase now = this.phases.get(0);
			for (Phase phase : this.phases) {
				now = (phase.from <= millis) ? phase : now;
			}
			return now;
		}

	}

	/**
	 * The behaviour of a backend from a time on.
	 *
	 * @param from the time
	 * @param fault the fault
	 * @param percent how often it occurs, in percent
	 */
	record Phase(int from, Fault fault, int percent) {
	}

	/** How the circuit breakers are set. */
	record Breaker(int calls, int waitMillis, int probes) {

		/** Those that never open in a schedule. */
		static Breaker never() {
			return new Breaker(NEVER, 1_000, 1);
		}

		boolean mayOpen() {
			return this.calls < NEVER;
		}

	}

	/**
	 * A client's call.
	 *
	 * @param id its number
	 * @param at when it arrives
	 * @param kind its kind
	 * @param model the model it names
	 * @param leaves how long after its arrival the client disconnects, or -1 if it stays
	 * @param pace milliseconds from one read to the next, 0 for a client that reads all
	 * at once
	 */
	record Call(int id, int at, Kind kind, String model, long leaves, int pace) {

		/** The model of its lane. */
		String laneModel() {
			return (this.kind == Kind.MAKES) ? "" : this.model;
		}

	}

	/** The kinds of calls. */
	enum Kind {

		/** A chat that is streamed. */
		STREAM,

		/** A chat that is not streamed. */
		PLAIN,

		/** An upload that is not held in memory, so that it can be sent only once. */
		UNREPEATABLE,

		/** A call that creates a stored object. */
		MAKES

	}

}
