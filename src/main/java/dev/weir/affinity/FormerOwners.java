package dev.weir.affinity;

import java.time.Duration;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Ticker;
import org.jspecify.annotations.Nullable;

import dev.weir.openai.stored.StoredObject;

/**
 * The owners that responded with 404 for their objects. A 404 may be wrong, since a
 * resource can take seconds until all its servers know a new object. So requests go to
 * the former owner again if no other backend has the object. Safe for many threads.
 */
final class FormerOwners {

	private static final int MAX_OBJECTS = 10_000;

	private static final Duration KEEP = Duration.ofHours(1);

	private final Cache<StoredObject, Owner> owners;

	FormerOwners(Ticker ticker) {
		this.owners = Caffeine.newBuilder()
			.ticker(ticker)
			.executor(Runnable::run)
			.maximumSize(MAX_OBJECTS)
			.expireAfterWrite(KEEP)
			.build();
	}

	void add(StoredObject object, Owner owner) {
		this.owners.put(object, owner);
	}

	/**
	 * The last owner of an object that has no known owner.
	 * @param object the object
	 * @return the owner, or {@code null} if none is known
	 */
	@Nullable Owner of(StoredObject object) {
		return this.owners.getIfPresent(object);
	}

}
