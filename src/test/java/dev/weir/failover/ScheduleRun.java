package dev.weir.failover;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;

import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig;
import io.github.resilience4j.circuitbreaker.CircuitBreakerRegistry;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;

import dev.weir.openai.call.ApiCall;
import dev.weir.openai.call.ApiPath;
import dev.weir.openai.body.RequestBody;
import dev.weir.backend.Attempt;
import dev.weir.backend.Backend;
import dev.weir.backend.Lane;
import dev.weir.backend.Outcome;
import dev.weir.backend.TimeLimit;
import dev.weir.backend.OutcomeException;
import dev.weir.backend.Pool;
import dev.weir.backend.Pools;
import dev.weir.balance.LaneLoadBalancerFactory;
import dev.weir.balance.LaneLoadBalancer;
import dev.weir.config.PoolProperties;
import dev.weir.config.WeirProperties;
import dev.weir.memory.BufferBudget;
import dev.weir.openai.stored.ObjectKind;
import dev.weir.openai.stored.StoredObject;
import dev.weir.request.Binding;
import dev.weir.request.Reply;
import dev.weir.request.RequestContext;
import dev.weir.response.BackendResponse;
import dev.weir.queue.PoolWaitQueues;
import dev.weir.testing.VirtualTime;

/**
 * Runs a schedule with the real failover, choice of lanes and state of lanes. Simulated
 * backends replace the gateway and the network. Time is virtual.
 */
final class ScheduleRun {

	private static final String POOL = "openai";

	// longer than any request or cooldown
	private static final Duration LONG = Duration.ofHours(1);

	private final Schedule schedule;

	private final VirtualTime time = new VirtualTime();

	private final Random random;

	private final PoolProperties settings;

	private final Pool pool;

	private final PoolWaitQueues queues;

	private final Observer observer;

	private final ScriptWriter writer;

	private final LaneLoadBalancer balancer;

	private final Failover failover;

	private final Map<Integer, Integer> blamed = new HashMap<>();

	private @Nullable Fault faultOfAll;

	private boolean bound;

	ScheduleRun(Schedule schedule) {
		this.schedule = schedule;
		this.random = new Random(~schedule.seed());
		WeirProperties properties = properties(schedule);
		Pools pools = new Pools(properties, breakers(), this.time);
		this.pool = pools.all().iterator().next();
		this.settings = this.pool.properties();
		this.observer = new Observer(schedule, this.settings, this.time);
		this.writer = new ScriptWriter(this.random, this.settings, schedule.divergence());
		this.queues = new PoolWaitQueues(pools, this.time.timing(), new OneByOne());
		this.balancer = (LaneLoadBalancer) LaneLoadBalancerFactory.of(this.random);
		this.failover = new Failover(pools, this.queues, new BufferBudget(64 * 1024 * 1024, this.time), this.time);
	}

	private static WeirProperties properties(Schedule schedule) {
		Map<String, String> all = new HashMap<>();
		String pool = "weir.pools." + POOL + ".";
		schedule.settings().forEach((name, value) -> all.put(pool + name, value));
		for (int i = 0; i < schedule.backends().size(); i++) {
			Schedule.Place place = schedule.backends().get(i);
			String backend = pool + "backends[" + i + "].";
			all.put(backend + "name", place.name());
			all.put(backend + "url", "https://" + place.name() + ".openai.azure.com");
			all.put(backend + "priority", String.valueOf(place.priority()));
			all.put(backend + "weight", String.valueOf(place.weight()));
			all.put(backend + "max-concurrent", String.valueOf(place.maxConcurrent()));
			if (!place.second()) {
				all.put(backend + "models.m1", "m1");
			}
		}
		return new Binder(new MapConfigurationPropertySource(all)).bindOrCreate("weir", WeirProperties.class);
	}

	private CircuitBreakerRegistry breakers() {
		Schedule.Breaker breaker = this.schedule.breaker();
		CircuitBreakerRegistry breakers = CircuitBreakerRegistry.of(CircuitBreakerConfig.custom()
			.clock(this.time)
			.currentTimestampFunction((clock) -> this.time.now(), TimeUnit.NANOSECONDS)
			.minimumNumberOfCalls(breaker.calls())
			.slidingWindowSize(Math.max(5, breaker.calls()))
			.slowCallDurationThreshold(Duration.ofHours(1))
			.waitDurationInOpenState(Duration.ofMillis(breaker.waitMillis()))
			.permittedNumberOfCallsInHalfOpenState(breaker.probes())
			.build());
		for (int i = 0; i < this.schedule.backends().size(); i++) {
			int backend = i;
			CircuitBreaker it = breakers.circuitBreaker(this.schedule.backends().get(i).name());
			it.getEventPublisher().onError((event) -> this.blamed.merge(backend, 1, Integer::sum));
			// in real time a thread of Resilience4j does this
			it.getEventPublisher().onStateTransition((event) -> {
				if (event.getStateTransition().getToState() == CircuitBreaker.State.OPEN) {
					this.time.after(breaker.waitMillis() * ScriptWriter.MILLI, it::transitionToHalfOpenState);
				}
			});
		}
		return breakers;
	}

	/**
	 * Runs it.
	 * @return the violations of the rules
	 */
	List<String> play() {
		for (Schedule.Call call : this.schedule.calls()) {
			this.time.after(call.at() * ScriptWriter.MILLI, () -> send(call));
		}
		this.time.advance(LONG);
		lookBack();
		callEveryLane("m1");
		callEveryLane("m2");
		return this.observer.violations();
	}

	/**
	 * Runs it with requests that are bound: each names an object of one backend that
	 * serves its model.
	 * @return the violations of the rules for bound requests
	 */
	List<String> playBound() {
		this.bound = true;
		List<SimulatedClient> clients = new ArrayList<>();
		for (Schedule.Call call : this.schedule.calls()) {
			this.time.after(call.at() * ScriptWriter.MILLI, () -> clients.add(send(call)));
		}
		this.time.advance(LONG);
		List<String> violations = new ArrayList<>();
		for (SimulatedClient client : clients) {
			int owner = ownerOf(client.call());
			client.calls()
				.stream()
				.filter((call) -> call.backend() != owner)
				.forEach((call) -> violations.add(client + " belongs to b" + owner + ", but reached " + call));
			if (!client.isOver()) {
				violations.add("has no end: " + client);
			}
		}
		for (Backend backend : this.pool.backends()) {
			if (backend.inFlight() > 0) {
				violations.add(backend + " has " + backend.inFlight() + " places taken");
			}
		}
		int waiting = this.queues.of(this.pool).waiting();
		if (waiting > 0) {
			violations.add(waiting + " still wait");
		}
		return violations;
	}

	private int ownerOf(Schedule.Call call) {
		List<Integer> serving = IntStream.range(0, this.schedule.backends().size())
			.filter((i) -> this.schedule.backends().get(i).serves(call.model()))
			.boxed()
			.toList();
		return serving.get(call.id() % serving.size());
	}

	private Binding binding(Schedule.Call call) {
		String owner = "b" + ownerOf(call);
		return new Binding((backend) -> backend.name().equals(owner), owner,
				List.of(new StoredObject(ObjectKind.FILE, "file-" + call.id())), (other) -> {
					throw new IllegalStateException("replaced by " + other);
				});
	}

	private void lookBack() {
		ReplyRules rules = new ReplyRules(this.observer, this.settings.resume());
		for (SimulatedClient client : this.observer.clients()) {
			rules.check(client);
			client.calls()
				.forEach((call) -> this.observer.check(call.closing() != null, () -> "never closed: " + call));
			inTime(client);
		}
		this.observer.lookBack();
		for (int i = 0; i < this.schedule.backends().size(); i++) {
			int backend = i;
			int blames = this.blamed.getOrDefault(i, 0);
			int failures = this.observer.failures(i);
			boolean exact = !this.schedule.breaker().mayOpen() && !this.settings.resume();
			this.observer.check(exact ? blames == failures : blames <= failures,
					() -> "b" + backend + " is blamed for " + blames + " failures, but had " + failures);
		}
		nothingIsLeft();
	}

	private void inTime(SimulatedClient client) {
		long began = (client.replyBegunAt() >= 0) ? client.replyBegunAt() : client.endedAt();
		this.observer.check(began <= client.cameAt() + this.settings.deadline().toNanos(),
				() -> "no reply by the deadline: " + client + " " + client.calls());
	}

	private void nothingIsLeft() {
		int waiting = this.queues.of(this.pool).waiting();
		this.observer.check(waiting == 0, () -> waiting + " still wait");
		for (Backend backend : this.pool.backends()) {
			this.observer.check(backend.inFlight() == 0,
					() -> backend + " has " + backend.inFlight() + " places taken");
		}
		for (Lane lane : this.pool.knownLanes()) {
			this.observer.check(lane.counts().inFlight() == 0,
					() -> lane + " has " + lane.counts().inFlight() + " attempts in flight");
		}
	}

	/**
	 * After a long time every lane takes calls again: each place was released, and no
	 * circuit breaker waits for a missing result.
	 */
	private void callEveryLane(String model) {
		this.faultOfAll = Fault.THROTTLE_BARE;
		int id = this.schedule.calls().size();
		SimulatedClient all = send(new Schedule.Call(id, 0, Schedule.Kind.PLAIN, model, -1, 0));
		this.time.advance(LONG);
		long lanes = this.schedule.backends().stream().filter((it) -> it.serves(model)).count();
		this.observer.check(
				all.calls().size() == lanes || this.settings.deadline().compareTo(Duration.ofSeconds(2)) < 0,
				() -> all.calls().size() + " of " + lanes + " lanes for " + model + " take calls in the end: "
						+ new TreeMap<>(this.schedule.settings()) + all.calls());
		this.faultOfAll = Fault.SERVE;
		SimulatedClient one = send(new Schedule.Call(id, 0, Schedule.Kind.PLAIN, model, -1, 0));
		this.time.advance(LONG);
		this.observer.check(one.status() == 200 && one.calls().size() == 1,
				() -> "in the end no lane serves " + model + ": " + one + " " + one.calls());
		nothingIsLeft();
	}

	private SimulatedClient send(Schedule.Call call) {
		SimulatedClient client = new SimulatedClient(call, this.time, (it) -> {
			if (ReplyRules.isErrorOfWeir(it)) {
				this.observer.refuses(it);
			}
		});
		this.observer.came(client);
		if (call.leaves() >= 0) {
			this.time.after(call.leaves() * ScriptWriter.MILLI, () -> leave(client));
		}
		boolean makes = call.kind() == Schedule.Kind.MAKES;
		String path = makes ? "/v1/files" : "/v1/chat/completions";
		boolean kept = call.kind() != Schedule.Kind.UNREPEATABLE;
		RequestBody body = kept ? RequestBody.of(
				("{\"model\":\"" + call.model() + "\",\"user\":\"" + call.id() + "\",\"stream\":"
						+ (call.kind() == Schedule.Kind.STREAM) + "}")
					.getBytes(StandardCharsets.UTF_8),
				"application/json") : null;
		RequestContext context = new RequestContext("r" + call.id(), this.time.loop(), this.time, List.of());
		context.onRouted(this.pool);
		context.onCallRead(new ApiCall(ApiPath.parse("POST", path, null), call.laneModel(), body, kept));
		if (this.bound) {
			context.bind(binding(call));
		}
		BackendCaller caller = (it) -> call(client, it).doOnNext(it::discardOnRelease);
		client.send(this.failover.run(context, false, caller, client.response())
			.then(Mono.defer(() -> write(context, client)))
			.doFinally((signal) -> context.release()));
		return client;
	}

	private void leave(SimulatedClient client) {
		client.leave();
		client.calls()
			.forEach((call) -> this.observer.check(call.closing() != null,
					() -> "continues after the client has left: " + call));
	}

	private static Mono<Void> write(RequestContext context, SimulatedClient client) {
		Reply reply = context.reply();
		if (reply == null) {
			return Mono.error(new IllegalStateException("There is no reply"));
		}
		return reply.writeTo(client.response());
	}

	/** Chooses a lane and sends the request as the gateway's filters do. */
	private Mono<BackendResponse> call(SimulatedClient client, RequestContext context) {
		if (this.balancer.choose(context.failover()) == null) {
			return Mono.error(new NoLaneException());
		}
		Attempt attempt = context.failover().attempts().requireCurrent();
		String name = attempt.lane().backend().name();
		int backend = Integer.parseInt(name.substring(1));
		attempt.onSendStart();
		Schedule.Phase phase = this.schedule.backends().get(backend).at(this.time.now() / ScriptWriter.MILLI);
		Fault fault = (this.random.nextInt(100) < phase.percent()) ? phase.fault() : Fault.SERVE;
		fault = (this.faultOfAll != null) ? this.faultOfAll : fault;
		SimulatedCall call = new SimulatedCall(client, backend,
				this.writer.write(fault, client.call(), this.time.instant()), this.time, this.observer);
		this.observer.begins(call);
		client.calls().add(call);
		Mono<BackendResponse> response = call.response(context.loop());
		return response
			.timeout((client.call().kind() == Schedule.Kind.STREAM) ? firstEventLimit(context) : responseLimit());
	}

	private Mono<Long> firstEventLimit(RequestContext context) {
		Duration more = this.settings.responseTimeout().minus(this.settings.firstEventTimeout());
		return after(this.settings.firstEventTimeout())
			// a negative delay would turn the virtual time back
			.flatMap((end) -> (more.isNegative() || context.failover().canTryAnotherLane()) ? Mono.just(end)
					: after(more))
			.flatMap((end) -> timedOut(TimeLimit.firstEvent(this.settings)));
	}

	private Mono<Long> responseLimit() {
		return after(this.settings.responseTimeout()).flatMap((end) -> timedOut(TimeLimit.response(this.settings)));
	}

	private static Mono<Long> timedOut(TimeLimit limit) {
		return Mono.error(new OutcomeException(Outcome.Failed.silence(limit)));
	}

	private Mono<Long> after(Duration delay) {
		return Mono.delay(delay, this.time.timing().timers());
	}

}
