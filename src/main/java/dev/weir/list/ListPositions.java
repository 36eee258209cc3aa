package dev.weir.list;

import java.time.Duration;
import java.util.Map;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Ticker;
import org.jspecify.annotations.Nullable;

import dev.weir.openai.list.ListQuery;

/**
 * Remembers how far the lists of all resources were read when a page ended, so that the
 * next page costs one call for each. It only saves calls: without it, the places are
 * searched. Thread-safe.
 */
final class ListPositions {

	private static final Duration KEEP = Duration.ofHours(1);

	/** How many ids are kept. */
	private static final int MAX_IDS = 100_000;

	private final Cache<Key, Position> positions;

	ListPositions(Ticker ticker) {
		this.positions = Caffeine.newBuilder()
			.ticker(ticker)
			.executor(Runnable::run)
			.maximumWeight(MAX_IDS)
			.weigher((Key key, Position position) -> 1 + position.lastIds().size())
			.expireAfterWrite(KEEP)
			.build();
	}

	@Nullable Position find(String pool, ListQuery query, String cursor) {
		return this.positions.getIfPresent(Key.of(pool, query, cursor));
	}

	void remember(String pool, ListQuery query, String cursor, Position position) {
		this.positions.put(Key.of(pool, query, cursor), position);
	}

	private record Key(String pool, String path, String filter, boolean newestFirst, String cursor) {

		static Key of(String pool, ListQuery query, String cursor) {
			return new Key(pool, query.list().path(), query.filter().toString(), query.newestFirst(), cursor);
		}

	}

	/**
	 * The place where a page ended.
	 *
	 * @param owner the resource of the last object of the page
	 * @param created when that object was created
	 * @param lastIds the last object of each resource up to that place, empty if there is
	 * none; without the resources whose pages have another order
	 */
	record Position(Resource owner, long created, Map<Resource, String> lastIds) {

		Position {
			lastIds = Map.copyOf(lastIds);
		}

	}

}
