package dev.weir.request;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntSupplier;
import java.util.random.RandomGenerator;

import org.jspecify.annotations.Nullable;

import dev.weir.openai.error.ApiError;
import dev.weir.openai.error.ApiErrorException;

/**
 * Counts the requests whose replies have not ended, and limits them to
 * {@code weir.max-in-flight}. One client of several may have half of them. Safe for many
 * threads.
 */
public final class RequestsInFlight {

	private static final int SHORTEST_DELAY_MILLIS = 1000;

	private static final int LONGEST_DELAY_MILLIS = 2000;

	private final AtomicInteger count = new AtomicInteger();

	/** Those of each client that is not the only one. */
	private final Map<String, Integer> ofClients = new ConcurrentHashMap<>();

	private final IntSupplier limit;

	private final RandomGenerator random;

	/**
	 * Creates a counter.
	 * @param limit the largest number of requests in flight
	 * @param random chooses when a refused client may send again
	 */
	public RequestsInFlight(IntSupplier limit, RandomGenerator random) {
		this.limit = limit;
		this.random = random;
	}

	/**
	 * The number of requests in flight.
	 * @return requests of all routes and clients together
	 */
	public int count() {
		return this.count.get();
	}

	/**
	 * Whether a further request is refused at this moment.
	 * @return whether the limit is reached
	 */
	public boolean isFull() {
		return this.count.get() >= this.limit.getAsInt();
	}

	/**
	 * Counts a request until {@link #end}, unless a limit is reached.
	 * @param client the client, or {@code null} if it may take all places
	 * @throws ApiErrorException with 503 if there are as many requests as Weir serves at
	 * once, with 429 if there are as many of the client as one may have
	 */
	public void begin(@Nullable String client) {
		int max = this.limit.getAsInt();
		if (this.count.incrementAndGet() > max) {
			this.count.decrementAndGet();
			throw overloaded(max);
		}
		if (client != null && this.ofClients.merge(client, 1, Integer::sum) > Math.max(1, max / 2)) {
			end(client);
			throw tooManyOf(client, max);
		}
	}

	/**
	 * Ends a request that {@link #begin} has counted.
	 * @param client the client that was given there
	 */
	public void end(@Nullable String client) {
		this.count.decrementAndGet();
		if (client != null) {
			this.ofClients.computeIfPresent(client, (name, number) -> (number > 1) ? number - 1 : null);
		}
	}

	/**
	 * The reply to a request beyond the limit.
	 * @return 503 with {@code retry-after}
	 */
	public ApiErrorException overloaded() {
		return overloaded(this.limit.getAsInt());
	}

	private ApiErrorException overloaded(int max) {
		return new ApiErrorException(
				new ApiError(503, "Weir serves as many requests as it may at once (weir.max-in-flight: " + max
						+ "). Send the request again.", "server_error", null, "overloaded"),
				delay());
	}

	private ApiErrorException tooManyOf(String client, int max) {
		return new ApiErrorException(new ApiError(429,
				"The client '" + client + "' has as many requests in flight as one client may have (half of"
						+ " weir.max-in-flight: " + max + "). Send the request again.",
				"requests", null, "rate_limit_exceeded"), delay());
	}

	/** Random, since clients that are refused together must not return together. */
	private Map<String, String> delay() {
		int millis = this.random.nextInt(SHORTEST_DELAY_MILLIS, LONGEST_DELAY_MILLIS + 1);
		return Map.of("retry-after-ms", String.valueOf(millis), "retry-after", String.valueOf((millis + 999) / 1000));
	}

}
