package dev.weir.affinity;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.stream.Stream;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Ticker;
import reactor.core.publisher.Mono;

import dev.weir.backend.ConfigurationListener;
import dev.weir.backend.PoolSet;
import dev.weir.config.AffinityProperties;
import dev.weir.openai.stored.StoredObject;

/**
 * Keeps the owners in the memory of this Weir, bounded by weight and time.
 */
final class MemoryObjectOwners implements ObjectOwners, ConfigurationListener {

	/** The bytes of an entry on the heap, measured with the node that Caffeine needs. */
	static final int ENTRY_BYTES = 160;

	/** Each further owner of the same id. */
	private static final int OWNER_BYTES = 8;

	/** More resources than that with the same id mean that ids are not random. */
	private static final int MAX_OWNERS = 16;

	/** Owners differ only by backend, so the same few objects serve all entries. */
	private static final int MAX_SHARED = 10_000;

	private static final ThreadLocal<MessageDigest> DIGESTS = ThreadLocal.withInitial(MemoryObjectOwners::digest);

	private final Cache<Key, List<Owner>> owners;

	private final Cache<Owner, List<Owner>> shared = Caffeine.newBuilder().maximumSize(MAX_SHARED).build();

	/**
	 * Creates an empty store.
	 * @param settings its bounds
	 * @param ticker a monotonic clock in nanoseconds
	 * @param maintenance runs the eviction of entries
	 */
	MemoryObjectOwners(AffinityProperties settings, Ticker ticker, Executor maintenance) {
		this.owners = Caffeine.newBuilder()
			.ticker(ticker)
			.executor(maintenance)
			.maximumWeight(settings.maxMemory().toBytes())
			.weigher((Key key, List<Owner> known) -> ENTRY_BYTES + OWNER_BYTES * (known.size() - 1))
			.expireAfterAccess(settings.expireAfter())
			.build();
	}

	@Override
	public Mono<Map<StoredObject, List<Owner>>> find(Collection<StoredObject> objects) {
		return Mono.fromSupplier(() -> {
			Map<StoredObject, List<Owner>> found = new LinkedHashMap<>();
			for (StoredObject object : objects) {
				List<Owner> known = this.owners.getIfPresent(Key.of(object));
				if (known != null) {
					found.put(object, known);
				}
			}
			return found;
		});
	}

	@Override
	public void remember(Collection<StoredObject> objects, Owner owner) {
		List<Owner> only = this.shared.get(owner, List::of);
		for (StoredObject object : objects) {
			this.owners.asMap().merge(Key.of(object), only, MemoryObjectOwners::merge);
		}
	}

	private static List<Owner> merge(List<Owner> known, List<Owner> added) {
		if (known.stream().anyMatch((owner) -> owner.isSamePlace(added.get(0))) || known.size() >= MAX_OWNERS) {
			return known;
		}
		return Stream.concat(known.stream(), added.stream()).toList();
	}

	@Override
	public void forget(StoredObject object, Owner owner) {
		this.owners.asMap().computeIfPresent(Key.of(object), (key, known) -> {
			List<Owner> others = known.stream().filter((one) -> !one.isSamePlace(owner)).toList();
			return others.isEmpty() ? null : others;
		});
	}

	@Override
	public void onApplied(PoolSet current) {
		AffinityProperties settings = current.properties().affinity();
		this.owners.policy().eviction().ifPresent((bound) -> bound.setMaximum(settings.maxMemory().toBytes()));
		this.owners.policy().expireAfterAccess().ifPresent((bound) -> bound.setExpiresAfter(settings.expireAfter()));
	}

	@Override
	public long size() {
		return this.owners.estimatedSize();
	}

	/** Applies pending evictions, for tests. */
	void cleanUp() {
		this.owners.cleanUp();
	}

	private static MessageDigest digest() {
		try {
			return MessageDigest.getInstance("SHA-256");
		}
		catch (NoSuchAlgorithmException ex) {
			throw new IllegalStateException(ex);
		}
	}

	/**
	 * The half of a SHA-256 hash: much shorter than an id, and no client can find two ids
	 * with the same one.
	 */
	private record Key(long high, long low) {

		static Key of(StoredObject object) {
			MessageDigest digest = DIGESTS.get();
			digest.update((byte) object.kind().ordinal());
			ByteBuffer hash = ByteBuffer.wrap(digest.digest(object.id().getBytes(StandardCharsets.UTF_8)));
			return new Key(hash.getLong(), hash.getLong());
		}

	}

}
