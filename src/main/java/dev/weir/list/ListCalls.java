package dev.weir.list;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;

import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

import dev.weir.backend.Attempt;
import dev.weir.backend.Lane;
import dev.weir.backend.Lanes;
import dev.weir.backend.Outcome;
import dev.weir.failover.BackendCaller;
import dev.weir.failover.Failover;
import dev.weir.failover.FailureCause;
import dev.weir.memory.BufferBudget;
import dev.weir.openai.body.RequestBody;
import dev.weir.openai.call.ApiCall;
import dev.weir.openai.call.ApiPath;
import dev.weir.openai.error.ApiErrorException;
import dev.weir.openai.list.ListFormatException;
import dev.weir.reply.RequestResult;
import dev.weir.request.FailoverState;
import dev.weir.request.RequestContext;
import dev.weir.response.ErrorResponse;
import dev.weir.response.ResponseStart;

/**
 * The calls to backends that one merged list is made of. Each is a part of the request:
 * an attempt like any other, with waiting, credential, circuit breaker and metrics. Used
 * on the loop of the request only.
 */
final class ListCalls {

	/** How many resources are read at a time. */
	private static final int PARALLEL = 16;

	private static final RequestBody NO_BODY = RequestBody.of(new byte[0], null);

	private final RequestContext context;

	private final Failover failover;

	private final Function<RequestContext, BackendCaller> callers;

	private final Set<RequestContext> running = new HashSet<>();

	/** The backends that have served a call, by their resource. */
	private final Map<Lanes, Set<String>> backends = new IdentityHashMap<>();

	private final BufferBudget.Share share;

	private int attempts;

	/**
	 * Prepares the calls of a request.
	 * @param context the request; its release ends the calls
	 * @param failover makes the attempts
	 * @param callers creates the caller of the backends for a part of the request
	 * @param share counts the bytes that are read
	 */
	ListCalls(RequestContext context, Failover failover, Function<RequestContext, BackendCaller> callers,
			BufferBudget.Share share) {
		this.context = context;
		this.failover = failover;
		this.callers = callers;
		this.share = share;
		context.holdBody(share);
		context.discardOnRelease(this::stop);
	}

	/** Ends the calls that run. */
	void stop() {
		List.copyOf(this.running).forEach(this::end);
	}

	/**
	 * The names of the backends that have served a call for some resources.
	 * @param resources the lanes of each resource
	 * @return the names in order, separated by commas
	 */
	String backends(Collection<Lanes> resources) {
		return resources.stream()
			.flatMap((lanes) -> this.backends.getOrDefault(lanes, Set.of()).stream())
			.distinct()
			.sorted()
			.collect(Collectors.joining(","));
	}

	/** The names of the backends that have served a call. */
	String backends() {
		return backends(this.backends.keySet());
	}

	/** How many attempts have been made. */
	int attempts() {
		return this.attempts;
	}

	/**
	 * Calls one resource.
	 * @param <T> the type of the result
	 * @param lanes the lanes of its backends
	 * @param path the path and query
	 * @param parser reads the body; {@link ListFormatException} if it cannot
	 * @return the result; {@link PartFailedException} or {@link BodyTooLongException} if
	 * there is none
	 */
	<T> Mono<T> get(Lanes lanes, ApiPath path, Function<byte[], T> parser) {
		Mono<T> call = once(lanes, path, parser);
		// the second call waits for the end of the cooldown, within max-wait
		return call.onErrorResume(PartFailedException.class,
				(failed) -> failed.isThrottledNow() ? call : Mono.error(failed));
	}

	private <T> Mono<T> once(Lanes lanes, ApiPath path, Function<byte[], T> parser) {
		// eager, so that its attempts are counted before its result is used
		return Mono.using(() -> begin(lanes, path), (part) -> call(part, lanes, parser), this::end);
	}

	private <T> Mono<T> call(RequestContext part, Lanes lanes, Function<byte[], T> parser) {
		return this.failover.runPart(part, this.callers.apply(part))
			.flatMap((result) -> result.<Mono<T>>match((relayed) -> read(part, lanes, relayed, parser),
					ListCalls::refused, (exhausted) -> exhausted(part, exhausted), (connected) -> {
						connected.discard();
						return Mono.error(new IllegalStateException("A list is no WebSocket"));
					}));
	}

	private static <T> Mono<T> exhausted(RequestContext part, RequestResult.Exhausted exhausted) {
		FailoverState failover = part.failover();
		return Mono.error(PartFailedException.unavailable(names(failover.candidates().lanes()), exhausted.own(),
				hasFailed(failover) ? FailureCause.sentenceOf(failover) : "", failover.attempts().count() > 0));
	}

	/** Weir's error then counts the backends of this part only, which is misleading. */
	private static boolean hasFailed(FailoverState failover) {
		return failover.attempts().ended().stream().anyMatch((ended) -> switch (ended.outcome().type()) {
			case FAILED, DENIED, NO_CREDENTIAL, BROKEN -> true;
			case SERVED, THROTTLED, TOO_LARGE, OUT_OF_QUOTA, NOT_SERVED, REJECTED, TOO_LONG, NOT_MINE, CANCELLED ->
				false;
		});
	}

	private RequestContext begin(Lanes lanes, ApiPath path) {
		RequestContext part = this.context.part(new ApiCall(path, "", NO_BODY, true), lanes);
		this.running.add(part);
		return part;
	}

	private void end(RequestContext part) {
		if (this.running.remove(part)) {
			this.attempts += part.failover().attempts().count();
			part.release();
		}
	}

	private <T> Mono<T> read(RequestContext part, Lanes lanes, RequestResult.Relayed relayed,
			Function<byte[], T> parser) {
		Attempt attempt = relayed.attempt();
		if (!(relayed.start() instanceof ResponseStart.Bytes bytes)) {
			relayed.start().body().dispose();
			return Mono.error(unusable(attempt, "Its response is a stream."));
		}
		return PageBody.of(bytes, this.share, part.pool().properties().streamIdleTimeout(), part.loop())
			.doOnError((ex) -> ex instanceof BodyTooLongException || ex instanceof ApiErrorException,
					(ex) -> attempt.end(new Outcome.Cancelled()))
			.onErrorMap((ex) -> !(ex instanceof BodyTooLongException || ex instanceof ApiErrorException), (ex) -> {
				attempt.end(new Outcome.Broken());
				return PartFailedException.unusable(attempt.lane().backend().name(), "Its response broke off.");
			})
			.map((body) -> {
				T read = parse(attempt, body, parser);
				relayed.recordStart(part);
				attempt.end(relayed.outcome());
				this.backends.computeIfAbsent(lanes, (it) -> new HashSet<>()).add(attempt.lane().backend().name());
				return read;
			});
	}

	private static <T> T parse(Attempt attempt, byte[] body, Function<byte[], T> parser) {
		try {
			return parser.apply(body);
		}
		catch (ListFormatException ex) {
			PartFailedException unknown = PartFailedException.unknownPath(attempt.lane().backend().name(), body);
			if (unknown != null) {
				attempt.end(new Outcome.Rejected(404));
				throw unknown;
			}
			throw unusable(attempt, "Its response " + ex.getMessage() + ".");
		}
	}

	private static PartFailedException unusable(Attempt attempt, String message) {
		attempt.end(new Outcome.Failed(Outcome.Failure.STATUS, "a response that is no list", null));
		return PartFailedException.unusable(attempt.lane().backend().name(), message);
	}

	private static <T> Mono<T> refused(RequestResult.Refused refused) {
		ErrorResponse error = refused.error();
		refused.discard();
		return Mono.error(PartFailedException.refused(refused.attempt().lane().backend().name(), error));
	}

	/**
	 * Runs a step for each resource.
	 * @param <T> the type of the resources
	 * @param <R> the type of the results
	 * @param parts the resources
	 * @param step the step
	 * @return the results in order; {@link ListFailedException} with all failures
	 */
	static <T, R> Mono<List<R>> all(List<T> parts, Function<T, Mono<R>> step) {
		List<PartFailedException> failures = new ArrayList<>();
		return Flux.fromIterable(parts)
			.flatMapSequential((part) -> step.apply(part).onErrorResume(PartFailedException.class, (failed) -> {
				failures.add(failed);
				return Mono.empty();
			}), PARALLEL)
			.collectList()
			.flatMap((results) -> failures.isEmpty() ? Mono.just(results)
					: Mono.error(new ListFailedException(failures)));
	}

	/**
	 * The names of the backends of some lanes.
	 * @param lanes the lanes
	 * @return the names, separated by commas
	 */
	static String names(Lanes lanes) {
		return lanes.stream().map(Lane::backend).map((backend) -> backend.name()).collect(Collectors.joining(", "));
	}

}
