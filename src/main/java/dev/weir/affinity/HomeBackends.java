package dev.weir.affinity;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;

import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Ticker;
import org.jspecify.annotations.Nullable;

import dev.weir.backend.Backend;
import dev.weir.backend.CooldownReason;
import dev.weir.backend.Lane;
import dev.weir.backend.Lanes;
import dev.weir.backend.Pool;
import dev.weir.backend.Tier;
import dev.weir.openai.call.Operation;

/**
 * The home backend of each client: the one that gets its new files, vector stores and
 * other objects that later requests name together. It is picked by weighted rendezvous
 * hashing of the client's name or key, so every Weir picks the same, and kept while it
 * serves. Safe for many threads.
 */
final class HomeBackends {

	private static final int MAX_CLIENTS = 10_000;

	private static final String ALGORITHM = "HmacSHA256";

	private final Cache<Client, Owner> homes;

	/** Keys are kept as a hash that is worthless outside of this process. */
	private final SecretKeySpec secret;

	HomeBackends(Duration expireAfter, Ticker ticker) {
		this.homes = Caffeine.newBuilder()
			.ticker(ticker)
			.executor(Runnable::run)
			.maximumSize(MAX_CLIENTS)
			.expireAfterAccess(expireAfter)
			.build();
		byte[] random = new byte[32];
		new SecureRandom().nextBytes(random);
		this.secret = new SecretKeySpec(random, ALGORITHM);
	}

	/**
	 * Changes the time after which the home of a client is forgotten.
	 * @param expireAfter the time without a request
	 */
	void expireAfter(Duration expireAfter) {
		this.homes.policy().expireAfterAccess().ifPresent((bound) -> bound.setExpiresAfter(expireAfter));
	}

	/**
	 * The home of a client.
	 * @param pool the pool of the request
	 * @param lanes the lanes that can take the request
	 * @param operation the operation of the request
	 * @param key the name of the client, or its key if no clients are configured
	 * @return the owner whose backends shall get the new object, or {@code null} if no
	 * lane is in service
	 */
	@Nullable Owner of(Pool pool, Lanes lanes, Operation operation, String key) {
		Client client = client(pool, key);
		return this.homes.asMap()
			.compute(client, (it, known) -> (known != null && isServing(known, lanes, operation)) ? known
					: pick(lanes, operation, key));
	}

	/**
	 * Records that another backend has taken the place of a home.
	 * @param pool the pool of the request
	 * @param key the name or key of the client
	 * @param backend the backend that has the new object
	 */
	void replace(Pool pool, String key, Backend backend) {
		this.homes.put(client(pool, key), Owner.of(backend));
	}

	private Client client(Pool pool, String key) {
		return new Client(pool.name(), hash(key));
	}

	private String hash(String key) {
		try {
			Mac mac = Mac.getInstance(ALGORITHM);
			mac.init(this.secret);
			return HexFormat.of().formatHex(mac.doFinal(key.getBytes(StandardCharsets.UTF_8)));
		}
		catch (GeneralSecurityException ex) {
			throw new IllegalStateException(ex);
		}
	}

	private static boolean isServing(Owner home, Lanes lanes, Operation operation) {
		return lanes.stream().anyMatch((lane) -> home.isReachedBy(lane.backend()) && isServing(lane, operation));
	}

	/**
	 * A short cooldown after a 429 is no reason to leave a home: objects on two backends
	 * cannot be used together.
	 */
	private static boolean isServing(Lane lane, Operation operation) {
		CooldownReason reason = lane.cooldownReason();
		return (reason == null || reason == CooldownReason.THROTTLED) && !lane.backend().isBreakerOpen()
				&& lane.isServing(operation);
	}

	private static @Nullable Owner pick(Lanes lanes, Operation operation, String key) {
		for (Tier tier : lanes.tiers()) {
			Owner best = null;
			double highest = Double.NEGATIVE_INFINITY;
			for (Lane lane : tier) {
				Owner owner = Owner.of(lane.backend());
				double score = isServing(lane, operation) ? score(key, owner, lane.weight()) : Double.NEGATIVE_INFINITY;
				if (score > highest) {
					highest = score;
					best = owner;
				}
			}
			if (best != null) {
				return best;
			}
		}
		return null;
	}

	/** See Schindelhauer and Schomaker, "Weighted Distributed Hash Tables". */
	private static double score(String key, Owner owner, int weight) {
		try {
			MessageDigest digest = MessageDigest.getInstance("SHA-256");
			for (String part : List.of(key, owner.resource(), owner.account())) {
				digest.update(part.getBytes(StandardCharsets.UTF_8));
				digest.update((byte) 0);
			}
			long bits = ByteBuffer.wrap(digest.digest()).getLong() >>> 11;
			double uniform = (bits + 0.5) / (1L << 53);
			return -weight / Math.log(uniform);
		}
		catch (GeneralSecurityException ex) {
			throw new IllegalStateException(ex);
		}
	}

	private record Client(String pool, String hash) {
	}

}
