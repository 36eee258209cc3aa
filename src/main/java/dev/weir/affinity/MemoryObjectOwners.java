package dev.weir.affinity;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Collection;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Executor;
import java.util.stream.Stream;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Ticker;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

import dev.weir.backend.ConfigurationListener;
import dev.weir.backend.PoolSet;
import dev.weir.config.AffinityProperties;
import dev.weir.openai.stored.StoredObject;

/**
 * Keeps the owners in the memory of this Weir, bounded by weight and time.
 */
final class MemoryObjectOwners implements ObjectOwners, OwnerExchange, ConfigurationListener {

	/** The bytes of an entry on the heap, measured with the node that Caffeine needs. */
	static final int ENTRY_BYTES = 160;

	/** Each further owner of the same id. */
	private static final int OWNER_BYTES = 8;

	/** More resources than that with the same id mean that ids are not random. */
	private static final int MAX_OWNERS = 16;

	/** Entries differ only by backend and client, so the same few objects serve all. */
	private static final int MAX_SHARED = 10_000;

	private static final ThreadLocal<MessageDigest> DIGESTS = ThreadLocal.withInitial(MemoryObjectOwners::digest);

	private final Cache<Key, Known> owners;

	// null if owners are not shared with other Weirs
	private volatile @Nullable Listener listener;

	private final Cache<Known, Known> shared = Caffeine.newBuilder().maximumSize(MAX_SHARED).build();

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
			.weigher((Key key, Known known) -> ENTRY_BYTES + OWNER_BYTES * known.further())
			.expireAfterAccess(settings.expireAfter())
			.build();
	}

	@Override
	public Mono<Map<StoredObject, List<Owner>>> find(Collection<StoredObject> objects) {
		return Mono.fromSupplier(() -> {
			Map<StoredObject, List<Owner>> found = new LinkedHashMap<>();
			for (StoredObject object : objects) {
				Known known = this.owners.getIfPresent(Key.of(object));
				if (known != null && !known.owners().isEmpty()) {
					found.put(object, known.owners());
				}
			}
			return found;
		});
	}

	@Override
	public Mono<Map<StoredObject, String>> findPrincipals(Collection<StoredObject> objects) {
		return Mono.fromSupplier(() -> {
			Map<StoredObject, String> found = new LinkedHashMap<>();
			for (StoredObject object : objects) {
				Known known = this.owners.getIfPresent(Key.of(object));
				if (known != null && known.principal() != null) {
					found.put(object, known.principal());
				}
			}
			return found;
		});
	}

	@Override
	public void remember(Collection<StoredObject> objects, Owner owner, String principal) {
		remember(objects, new Known(List.of(owner), principal), principal);
	}

	@Override
	public void rememberMentioned(Collection<StoredObject> objects, Owner owner, @Nullable String principal) {
		remember(objects, new Known(List.of(owner), null), principal);
	}

	private void remember(Collection<StoredObject> objects, Known added, @Nullable String by) {
		Known shared = shareable(added);
		Listener others = this.listener;
		for (StoredObject object : objects) {
			Key key = Key.of(object);
			Known last = (others != null) ? this.owners.getIfPresent(key) : null;
			Known known = this.owners.asMap().merge(key, shared, (before, more) -> merge(before, more, by));
			if (others != null && known != null && known != last) {
				others.onRemembered(key.toString(), ((known.principal() != null) ? known : added).toObject(), by);
			}
		}
	}

	private Known merge(Known known, Known added, @Nullable String by) {
		if (known.isOfOther(by) || known.isOfOther(added.principal())) {
			return known;
		}
		if (known.principal() == null && added.principal() != null) {
			// requests of others may have named any owner before
			return added;
		}
		String principal = (known.principal() != null) ? known.principal() : added.principal();
		List<Owner> owners = known.owners();
		for (Owner owner : added.owners()) {
			owners = with(owners, owner);
		}
		return (owners == known.owners() && Objects.equals(principal, known.principal())) ? known
				: shareable(new Known(owners, principal));
	}

	private Known shareable(Known known) {
		return (known.further() == 0) ? this.shared.get(known, (it) -> it) : known;
	}

	/** Adds an owner. The same list is returned if that changes nothing. */
	private static List<Owner> with(List<Owner> known, Owner owner) {
		if (known.stream().anyMatch(owner::isSamePlace)) {
			return known;
		}
		if (known.stream().anyMatch(owner::isSameAs)) {
			// its key has changed; the new account is the one that other backends share
			return known.stream().map((one) -> owner.isSameAs(one) ? owner : one).distinct().toList();
		}
		return (known.size() >= MAX_OWNERS) ? known : Stream.concat(known.stream(), Stream.of(owner)).toList();
	}

	@Override
	public void forget(StoredObject object, Owner owner) {
		Key key = Key.of(object);
		forget(key, owner);
		Listener others = this.listener;
		if (others != null) {
			others.onForgotten(key.toString(), owner);
		}
	}

	private void forget(Key object, Owner owner) {
		this.owners.asMap().computeIfPresent(object, (key, known) -> {
			List<Owner> others = known.owners().stream().filter((one) -> !one.isSameAs(owner)).toList();
			// its client stays known, so that no other one may use it if it is found
			// again
			return (others.isEmpty() && known.principal() == null) ? null : new Known(others, known.principal());
		});
	}

	@Override
	public void listen(Listener others) {
		this.listener = others;
	}

	@Override
	public void learn(String object, KnownObject known, @Nullable String by) {
		this.owners.asMap()
			.merge(Key.parse(object), of(known),
					(before, more) -> (before.principal() != null && !before.principal().equals(by)) ? before
							: merge(before, more, by));
	}

	@Override
	public void correct(String object, KnownObject known) {
		this.owners.asMap().computeIfPresent(Key.parse(object), (key, before) -> of(known));
	}

	private Known of(KnownObject known) {
		return shareable(new Known(List.copyOf(known.owners()), known.principal()));
	}

	@Override
	public void unlearn(String object, Owner owner) {
		forget(Key.parse(object), owner);
	}

	@Override
	public @Nullable KnownObject known(String object) {
		Known known = this.owners.getIfPresent(Key.parse(object));
		return (known != null) ? known.toObject() : null;
	}

	@Override
	public long capacity() {
		return this.owners.policy().eviction().map((bound) -> bound.getMaximum() / ENTRY_BYTES).orElse(Long.MAX_VALUE);
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
	 * What is known about an object.
	 *
	 * @param owners its owners; none if it was not found there any more
	 * @param principal the principal that has made it, {@code null} if that is not known
	 */
	private record Known(List<Owner> owners, @Nullable String principal) {

		/** Whether another client than a certain one has made it. */
		boolean isOfOther(@Nullable String than) {
			return this.principal != null && than != null && !this.principal.equals(than);
		}

		KnownObject toObject() {
			return new KnownObject(this.owners, this.principal);
		}

		int further() {
			return Math.max(0, this.owners.size() - 1);
		}

	}

	/**
	 * The half of a SHA-256 hash: much shorter than an id, and no client can find two ids
	 * with the same one.
	 */
	private record Key(long high, long low) {

		private static final int DIGITS = 32;

		static Key parse(String text) {
			if (text.length() != DIGITS) {
				throw new IllegalArgumentException("not a hash of an object");
			}
			return new Key(HexFormat.fromHexDigitsToLong(text, 0, DIGITS / 2),
					HexFormat.fromHexDigitsToLong(text, DIGITS / 2, DIGITS));
		}

		@Override
		public String toString() {
			return HexFormat.of().toHexDigits(this.high) + HexFormat.of().toHexDigits(this.low);
		}

		static Key of(StoredObject object) {
			MessageDigest digest = DIGESTS.get();
			digest.update((byte) object.kind().ordinal());
			ByteBuffer hash = ByteBuffer.wrap(digest.digest(object.id().getBytes(StandardCharsets.UTF_8)));
			return new Key(hash.getLong(), hash.getLong());
		}

	}

}
