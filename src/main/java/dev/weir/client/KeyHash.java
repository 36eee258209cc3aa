package dev.weir.client;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

import org.jspecify.annotations.Nullable;

/**
 * The SHA-256 hash of a key. Keys are found by their hashes, so the time of a search says
 * nothing about the beginning of a key.
 */
final class KeyHash {

	private final byte[] hash;

	private KeyHash(byte[] hash) {
		this.hash = hash;
	}

	/**
	 * Hashes a key.
	 * @param key the key
	 * @return its hash
	 */
	static KeyHash of(String key) {
		try {
			return new KeyHash(MessageDigest.getInstance("SHA-256").digest(key.getBytes(StandardCharsets.UTF_8)));
		}
		catch (NoSuchAlgorithmException ex) {
			throw new IllegalStateException(ex);
		}
	}

	/**
	 * Reads a hash.
	 * @param hex 64 hexadecimal digits
	 * @return the hash
	 */
	static KeyHash parse(String hex) {
		return new KeyHash(HexFormat.of().parseHex(hex.strip()));
	}

	@Override
	public boolean equals(@Nullable Object other) {
		return other instanceof KeyHash that && MessageDigest.isEqual(this.hash, that.hash);
	}

	@Override
	public int hashCode() {
		return ByteBuffer.wrap(this.hash).getInt();
	}

	@Override
	public String toString() {
		return "(hash of a key)";
	}

}
