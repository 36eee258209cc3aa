package dev.weir.failover;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

import org.jspecify.annotations.Nullable;

import dev.weir.config.PoolProperties;
import dev.weir.failover.Script.Meaning;
import dev.weir.failover.SimulatedCall.Closing;
import dev.weir.testing.VirtualTime;

/**
 * Observes the requests to the backends and the replies to the clients. It knows the
 * scripts of the backends and computes the expected outcome from them. Each difference is
 * a violation.
 */
final class Observer {

	private static final long TOLERANCE = ScriptWriter.MILLI;

	private static final long DRAIN_THROTTLED = Duration.ofMillis(250).toNanos();

	private static final long DRAIN = Duration.ofSeconds(1).toNanos();

	// how long the first request after a cooldown may delay the next one
	private static final long PROBE = Duration.ofMillis(250).toNanos();

	/** How long signs of life are held back, in case an error follows. */
	static final Duration HOLD = Duration.ofSeconds(1);

	private final Schedule schedule;

	private final PoolProperties settings;

	private final VirtualTime time;

	private final List<String> violations = new ArrayList<>();

	private final Map<String, Long> laneCooldowns = new HashMap<>();

	private final Map<Integer, Long> backendCooldowns = new HashMap<>();

	private final Map<String, Long> operationCooldowns = new HashMap<>();

	private final Map<Integer, List<Long>> silentRefusals = new HashMap<>();

	private final Map<Integer, Integer> failures = new HashMap<>();

	private final Map<SimulatedCall, Boolean> learned = new HashMap<>();

	private final List<SimulatedClient> clients = new ArrayList<>();

	private final Map<Integer, Long> lastBegun = new HashMap<>();

	private final List<Long> paidRetries = new ArrayList<>();

	Observer(Schedule schedule, PoolProperties settings, VirtualTime time) {
		this.schedule = schedule;
		this.settings = settings;
		this.time = time;
	}

	List<String> violations() {
		return this.violations;
	}

	List<SimulatedClient> clients() {
		return this.clients;
	}

	/** How many calls failed because of the backend. */
	int failures(int backend) {
		return this.failures.getOrDefault(backend, 0);
	}

	void check(boolean holds, Supplier<String> otherwise) {
		if (!holds) {
			this.violations.add("at " + SimulatedCall.ms(this.time.now()) + ": " + otherwise.get());
		}
	}

	void came(SimulatedClient client) {
		this.clients.add(client);
	}

	/** A backend gets a call; it is not yet among those of its client. */
	void begins(SimulatedCall call) {
		SimulatedClient client = call.client();
		long now = this.time.now();
		check(!client.isOver(), () -> "a call for a client that has left: " + call);
		check(client.calls().stream().noneMatch((it) -> it.backend() == call.backend()),
				() -> "a lane is called twice: " + call);
		check(this.schedule.backends().get(call.backend()).serves(client.call().laneModel()),
				() -> "a lane is called that does not serve the model: " + call);
		check(cooldownEnd(call.backend(), client.call().laneModel()) <= now,
				() -> "a lane in cooldown is called: " + call + " is in cooldown until "
						+ SimulatedCall.ms(cooldownEnd(call.backend(), client.call().laneModel())));
		check(now < deadlineOf(client), () -> "a call after the deadline: " + call);
		check(costlyAttempts(client) < this.settings.maxAttempts(), () -> "more than max-attempts: " + call);
		SimulatedCall last = client.last();
		// connections that are closed at the same time may be closed a little later
		this.time.after(0, () -> {
			if (last != null) {
				checkMayFollow(last, call);
			}
			checkMaxConcurrent(call.backend());
		});
		if (!this.schedule.breaker().mayOpen()) {
			int priority = priority(call.backend());
			free(client, floor(client)).stream()
				.filter((other) -> priority(other) < priority)
				.forEach((other) -> check(false, () -> "b" + other + " of a better tier is free: " + call));
		}
		checkOrder(call);
		this.lastBegun.put(call.backend(), now);
	}

	/** Requests that wait for the same lanes are served in order of arrival. */
	private void checkOrder(SimulatedCall call) {
		SimulatedClient client = call.client();
		if (client.calls().isEmpty() && !this.schedule.breaker().mayOpen()) {
			this.clients.stream()
				.filter((other) -> !other.isOver() && other.calls().isEmpty() && other.cameAt() < client.cameAt()
						&& other.call().laneModel().equals(client.call().laneModel()))
				.forEach((other) -> check(false, () -> "served before " + other + ": " + call));
		}
	}

	/** How many calls certainly count in {@code max-attempts}. */
	private int costlyAttempts(SimulatedClient client) {
		int count = 0;
		for (SimulatedCall call : client.calls()) {
			boolean counts = this.learned.containsKey(call) && switch (call.script().meaning()) {
				case FAILED, DENIED, DENIED_SILENTLY, DENIED_BY_PAGE, NOT_SERVED, NO_OPERATION, TOO_LARGE -> true;
				case SERVED, BROKEN, THROTTLED, OUT_OF_QUOTA, TOO_LONG, REJECTED -> false;
			};
			count += (counts || call.closing() == Closing.FAILED) ? 1 : 0;
		}
		return count;
	}

	private void checkMaxConcurrent(int backend) {
		long open = this.clients.stream()
			.flatMap((it) -> it.calls().stream())
			.filter((it) -> it.backend() == backend && it.closing() == null)
			.count();
		int most = this.schedule.backends().get(backend).maxConcurrent();
		check(open <= most, () -> open + " calls at once to b" + backend + ", which takes " + most);
	}

	private void checkMayFollow(SimulatedCall last, SimulatedCall call) {
		SimulatedClient client = call.client();
		check(last.closing() != null, () -> "two calls at once: " + last + " and " + call);
		check(client.call().kind() != Schedule.Kind.UNREPEATABLE, () -> "sent again though it cannot be: " + call);
		Meaning meaning = last.script().meaning();
		boolean known = this.learned.containsKey(last);
		check(!(known && meaning == Meaning.REJECTED), () -> "continues after an error of the client: " + call);
		check(!(last.closing() == Closing.READ && last.script().isWholeSuccess()),
				() -> "continues after a success: " + call);
		check(meaning != Meaning.TOO_LONG || !known || priority(call.backend()) > priority(last.backend()),
				() -> "too long for this tier already: " + call);
		long tooLarge = client.calls()
			.stream()
			.filter((it) -> this.learned.containsKey(it) && it.script().meaning() == Meaning.TOO_LARGE)
			.count();
		check(!(known && meaning == Meaning.TOO_LARGE && tooLarge > 1),
				() -> "too large for two lanes already: " + call);
		boolean free = known && meaning != Meaning.FAILED;
		if (!free) {
			// counted when it failed, although it may have waited for a lane since then
			this.paidRetries.add((last.closing() != null) ? last.closedAt() : this.time.now());
			check(client.call().kind() != Schedule.Kind.MAKES || last.closing() == Closing.FAILED,
					() -> "may be made twice: " + call);
		}
	}

	private void checkRetryBudget() {
		double floor = this.settings.retryBudget().minPerSecond();
		this.paidRetries.sort(null);
		for (int from = 0; from < this.paidRetries.size(); from++) {
			for (int to = from; to < this.paidRetries.size(); to++) {
				long end = this.paidRetries.get(to);
				long came = this.clients.stream().filter((it) -> it.cameAt() <= end).count();
				double bound = floor + came * this.settings.retryBudget().percent() / 100.0
						+ floor * (end - this.paidRetries.get(from)) / 1e9;
				int count = to - from + 1;
				check(count <= bound + 1e-6, () -> count + " retries are more than the budget of " + bound);
			}
		}
	}

	/** The time after which no further attempt may begin. */
	private long deadlineOf(SimulatedClient client) {
		long from = client.cameAt();
		if (client.replyBegunAt() >= 0) {
			// a response that had begun is resumed
			for (SimulatedCall call : client.calls()) {
				if (call.headAt() >= 0 && call.script().isSuccess()) {
					from = Math.max(from, (call.closing() != null) ? call.closedAt() : this.time.now());
				}
			}
		}
		return from + this.settings.deadline().toNanos();
	}

	/** The best tier that is too short for the request, or 0. */
	private int floor(SimulatedClient client) {
		return client.calls()
			.stream()
			.filter((it) -> this.learned.containsKey(it) && it.script().meaning() == Meaning.TOO_LONG)
			.mapToInt((it) -> priority(it.backend()))
			.max()
			.orElse(0);
	}

	private int priority(int backend) {
		return this.schedule.backends().get(backend).priority();
	}

	/** The connection of a call was closed, and not because its client has left. */
	void closed(SimulatedCall call) {
		this.time.after(TOLERANCE, this::checkNoRequestWaitsForAFreeLane);
		SimulatedClient client = call.client();
		if (client.state() == SimulatedClient.State.LEFT) {
			return;
		}
		if (isMeaningRead(call)) {
			this.learned.put(call, true);
			beginCooldown(call);
		}
		if (isFailure(call)) {
			this.failures.merge(call.backend(), 1, Integer::sum);
		}
	}

	/** No request waits while a lane that it may use is free. */
	private void checkNoRequestWaitsForAFreeLane() {
		if (this.schedule.breaker().mayOpen()) {
			return;
		}
		for (SimulatedClient client : this.clients) {
			SimulatedCall last = client.last();
			boolean waits = !client.isOver() && client.replyBegunAt() < 0
					&& (last == null || (last.closing() != null && last.closedAt() < this.time.now()));
			if (waits) {
				List<Integer> free = free(client, floor(client));
				check(free.isEmpty(), () -> "waits though backends " + free + " are free: " + client);
			}
		}
	}

	/** Whether enough of an error was read to know its meaning. */
	private boolean isMeaningRead(SimulatedCall call) {
		Script script = call.script();
		if (call.headAt() < 0 || script.meaning() == Meaning.SERVED || script.meaning() == Meaning.BROKEN) {
			return false;
		}
		boolean read = call.closing() == Closing.READ || call.closing() == Closing.BROKEN;
		if (script.inBody()) {
			return call.closing() == Closing.READ;
		}
		if (script.inEvent()) {
			return call.closing() == Closing.DISPOSED && call.read() == script.events().length
					&& call.lastReadAt() == this.time.now() && script.lateNanos() < HOLD.toNanos()
					&& this.time.now() < deadlineOf(call.client());
		}
		long limit = call.headAt() + ((script.status() == 429) ? DRAIN_THROTTLED : DRAIN);
		return !script.isSuccess()
				&& (read || (this.time.now() == limit && this.time.now() < deadlineOf(call.client())));
	}

	private boolean isFailure(SimulatedCall call) {
		if (this.learned.containsKey(call)) {
			return call.script().meaning() == Meaning.FAILED;
		}
		if (call.closing() == Closing.READ) {
			return (call.script().events().length == 0 && call.script().meaning() == Meaning.FAILED)
					|| endsWithError(call.script());
		}
		if (call.closing() != Closing.BROKEN && hadLittleOfTheDeadline(call)) {
			return false;
		}
		// a rejection that is not read whole was known by its status
		return true;
	}

	/** Whether the deadline passed before the backend had half of the request's time. */
	private boolean hadLittleOfTheDeadline(SimulatedCall call) {
		long now = this.time.now();
		return call.client().replyBegunAt() < 0 && now == deadlineOf(call.client())
				&& 2 * (now - call.begunAt()) < this.settings.deadline().toNanos();
	}

	private static boolean endsWithError(Script script) {
		return script.meaning() == Meaning.BROKEN || (script.inEvent() && script.meaning() == Meaning.FAILED);
	}

	private void beginCooldown(SimulatedCall call) {
		Script script = call.script();
		String model = call.client().call().laneModel();
		Duration named = script.delay().apply(this.time.instant());
		Duration capped = (named == null || named.compareTo(this.settings.cooldown().max()) < 0) ? named
				: this.settings.cooldown().max();
		Duration refusal = this.settings.cooldown().refusal();
		switch (script.meaning()) {
			case THROTTLED -> beginCooldown(this.laneCooldowns, call.backend() + "/" + model, capped);
			case NOT_SERVED ->
				beginCooldown(this.laneCooldowns, call.backend() + "/" + model, model.isEmpty() ? null : refusal);
			case OUT_OF_QUOTA -> beginCooldown(this.backendCooldowns, call.backend(), refusal);
			case DENIED -> beginCooldown(this.backendCooldowns, call.backend(), model.isEmpty() ? null : refusal);
			case FAILED -> beginCooldown(this.backendCooldowns, call.backend(), script.inEvent() ? null : capped);
			case NO_OPERATION ->
				beginCooldown(this.operationCooldowns, call.backend() + "/" + model, model.isEmpty() ? null : refusal);
			case DENIED_SILENTLY -> {
				if (!model.isEmpty() && isThirdInARow(call.backend())) {
					beginCooldown(this.backendCooldowns, call.backend(), refusal);
				}
			}
			case SERVED, BROKEN, TOO_LONG, TOO_LARGE, DENIED_BY_PAGE, REJECTED -> {
				// no cooldown
			}
		}
	}

	private <K> void beginCooldown(Map<K, Long> cooldowns, K key, @Nullable Duration duration) {
		if (duration != null) {
			cooldowns.merge(key, this.time.now() + duration.toNanos(), Math::max);
			this.time.after(duration.toNanos() + TOLERANCE, this::checkNoRequestWaitsForAFreeLane);
		}
	}

	/** Whether a backend refused at least three requests with no success between. */
	private boolean isThirdInARow(int backend) {
		List<Long> refusals = this.silentRefusals.computeIfAbsent(backend, (it) -> new ArrayList<>());
		refusals.add(this.time.now());
		long success = -1;
		for (SimulatedClient client : this.clients) {
			if (client.replyBegunAt() >= 0 && client.status() < 400 && servingBackend(client) == backend) {
				success = Math.max(success, client.replyBegunAt());
			}
		}
		long last = success;
		return refusals.stream().filter((it) -> it > last).count() >= 3;
	}

	/** The backend whose response began first. */
	private static int servingBackend(SimulatedClient client) {
		int backend = -1;
		for (SimulatedCall call : client.calls()) {
			backend = (call.begunAt() <= client.replyBegunAt()) ? call.backend() : backend;
		}
		return backend;
	}

	long cooldownEnd(int backend, String model) {
		return Math.max(this.operationCooldowns.getOrDefault(backend + "/" + model, 0L),
				laneCooldownEnd(backend, model));
	}

	private long laneCooldownEnd(int backend, String model) {
		return Math.max(this.laneCooldowns.getOrDefault(backend + "/" + model, 0L),
				this.backendCooldowns.getOrDefault(backend, 0L));
	}

	private boolean servesOperation(int backend, String model) {
		return this.operationCooldowns.getOrDefault(backend + "/" + model, 0L) <= this.time.now();
	}

	/**
	 * The backends that can certainly take a request now: they were not called for it,
	 * are not in cooldown, have no other call and were not probed recently.
	 */
	private List<Integer> free(SimulatedClient client, int floor) {
		List<Integer> free = new ArrayList<>();
		for (int i = 0; i < this.schedule.backends().size(); i++) {
			int backend = i;
			if (this.schedule.backends().get(i).serves(client.call().laneModel()) && priority(i) > floor
					&& client.calls().stream().noneMatch((it) -> it.backend() == backend)
					&& cooldownEnd(i, client.call().laneModel()) < this.time.now() && !isProbed(i)
					&& this.clients.stream().noneMatch((it) -> it != client && !it.isOver() && isAt(it, backend))) {
				free.add(i);
			}
		}
		return free;
	}

	private boolean isProbed(int backend) {
		Long last = this.lastBegun.get(backend);
		return last != null && this.time.now() - last <= PROBE && (this.backendCooldowns.containsKey(backend)
				|| this.laneCooldowns.keySet().stream().anyMatch((lane) -> lane.startsWith(backend + "/")));
	}

	private static boolean isAt(SimulatedClient client, int backend) {
		SimulatedCall last = client.last();
		return last != null && last.backend() == backend;
	}

	/** A client gets an error of Weir now. */
	void refuses(SimulatedClient client) {
		SimulatedCall last = client.last();
		if (last != null && last.closing() == null) {
			// its response counts from now on, but is not recorded yet
			return;
		}
		boolean wasFailure = last != null
				&& !(this.learned.containsKey(last) && last.script().meaning() != Meaning.FAILED);
		boolean mayGoOn = client.call().kind() != Schedule.Kind.UNREPEATABLE || last == null;
		boolean mayCostMore = client.calls().size() < this.settings.maxAttempts();
		if (!this.schedule.breaker().mayOpen() && !wasFailure && mayGoOn && mayCostMore
				&& this.time.now() < deadlineOf(client)) {
			List<Integer> free = free(client, floor(client));
			check(free.isEmpty(), () -> "refused though backends " + free + " are free: " + client);
		}
		String millis = client.headers().getFirst("retry-after-ms");
		if (client.status() == 429 && millis != null && this.clients.stream().noneMatch(this::isBodyLimitReachedNow)) {
			checkDelay(client, Long.parseLong(millis));
		}
	}

	/**
	 * Whether the wait for the remaining body of a 429 ends now: the response may count
	 * already, but is not recorded yet.
	 */
	private boolean isBodyLimitReachedNow(SimulatedClient client) {
		SimulatedCall last = client.last();
		return last != null && last.closing() == null && last.headAt() >= 0 && last.script().status() == 429
				&& this.time.now() == last.headAt() + DRAIN_THROTTLED;
	}

	private void checkDelay(SimulatedClient client, long millis) {
		check(millis >= 1 && millis <= 60_000, () -> "an impossible delay: " + millis + " for " + client);
		long shortest = Long.MAX_VALUE;
		for (int i = 0; i < this.schedule.backends().size(); i++) {
			String model = client.call().laneModel();
			if (this.schedule.backends().get(i).serves(model) && servesOperation(i, model)) {
				shortest = Math.min(shortest, laneCooldownEnd(i, model) - this.time.now());
			}
		}
		if (shortest > 0 && !this.schedule.breaker().mayOpen()) {
			long expected = Math.min(60_000, (shortest + ScriptWriter.MILLI - 1) / ScriptWriter.MILLI);
			// a probe after a cooldown may hold the lane a little longer
			check(millis >= expected && millis <= Math.max(expected, PROBE / ScriptWriter.MILLI),
					() -> "the delay should be " + expected + ", not " + millis + ": " + client);
		}
	}

	/** Checks the waiting times and the retry budget, after all requests have ended. */
	void lookBack() {
		checkRetryBudget();
		List<long[]> changes = new ArrayList<>();
		for (SimulatedClient client : this.clients) {
			long sum = 0;
			long from = client.cameAt();
			for (SimulatedCall call : client.calls()) {
				sum += waited(changes, from, call.begunAt());
				from = (call.closedAt() >= 0) ? call.closedAt() : Long.MAX_VALUE;
			}
			long end = (client.replyBegunAt() >= 0) ? client.replyBegunAt() : client.endedAt();
			sum += waited(changes, from, end);
			long total = sum;
			check(total <= this.settings.maxWait().toNanos() + TOLERANCE,
					() -> "waited for " + SimulatedCall.ms(total) + ": " + client);
		}
		// at equal times, a request that ends frees its place before another one arrives
		changes.sort((a, b) -> (a[0] != b[0]) ? Long.compare(a[0], b[0]) : Long.compare(a[1], b[1]));
		long waiting = 0;
		for (long[] change : changes) {
			waiting += change[1];
			long now = waiting;
			check(now <= this.settings.maxWaiting(), () -> now + " waited at " + SimulatedCall.ms(change[0]));
		}
	}

	private static long waited(List<long[]> changes, long from, long to) {
		if (to <= from) {
			return 0;
		}
		changes.add(new long[] { from, 1 });
		changes.add(new long[] { to, -1 });
		return to - from;
	}

}
