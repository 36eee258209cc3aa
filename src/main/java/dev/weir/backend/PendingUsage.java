package dev.weir.backend;

import java.time.Duration;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Ticker;
import org.jspecify.annotations.Nullable;

import dev.weir.openai.stored.StoredObject;
import dev.weir.openai.stream.Usage;

/**
 * The stored responses of a backend whose request ended without a usage, such as those
 * with {@code background: true}. Their tokens are counted when a request that reads them
 * reports the usage, however often they are read. Safe for many threads.
 */
public final class PendingUsage {

	private static final Duration KEEP = Duration.ofDays(1);

	/** About 300 bytes each. */
	private static final int MAX_RESPONSES = 10_000;

	private static final Usage NOTHING = new Usage(0, 0);

	private final Cache<StoredObject, Counted> responses;

	PendingUsage(Ticker ticker) {
		this.responses = Caffeine.newBuilder()
			.ticker(ticker)
			.executor(Runnable::run)
			.expireAfterWrite(KEEP)
			.maximumSize(MAX_RESPONSES)
			.build();
	}

	/**
	 * Adds a response.
	 * @param response the response, whose request has ended
	 * @param maker the lane that has made it
	 */
	public void add(StoredObject response, Lane maker) {
		this.responses.put(response, new Counted(NOTHING, maker.tokens()));
	}

	/**
	 * Removes a response, because its request has reported the usage after all.
	 * @param response the response
	 */
	public void remove(StoredObject response) {
		this.responses.invalidate(response);
	}

	/**
	 * Counts the usage of a response for the lane that has made it. While it is in
	 * progress, a server may report a usage that grows.
	 * @param response the response, which need not be one of these
	 * @param reported its usage
	 * @return the tokens that were not counted before, or {@code null} if there are none
	 */
	public @Nullable Usage count(StoredObject response, Usage reported) {
		@Nullable Usage[] growth = new Usage[1];
		this.responses.asMap().computeIfPresent(response, (read, before) -> {
			Usage more = reported.since(before.usage);
			if (more.total() == 0) {
				return before;
			}
			growth[0] = more;
			before.tally.record(more);
			before.tally.add(more.total());
			return new Counted(before.usage.plus(more), before.tally);
		});
		return growth[0];
	}

	/**
	 * What is counted of a response.
	 *
	 * @param usage the tokens
	 * @param tally where they are counted
	 */
	private record Counted(Usage usage, TokenTally tally) {
	}

}
