package dev.weir.affinity;

import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.regex.Pattern;

import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.LoadingCache;

import dev.weir.backend.Backend;
import dev.weir.config.BackendDialect;
import dev.weir.config.BackendProperties;
import dev.weir.config.Secret;
import dev.weir.config.ServerAddress;

/**
 * The owner of stored objects: an Azure resource, or an account of another server.
 * Several backends, also of different pools, can lead to the same owner. It refers to no
 * object of the configuration, so it survives a reload.
 *
 * @param resource scheme, host, port and path of the resource, the same for every dialect
 * @param account a hash of the key, since two keys of one server may belong to two
 * accounts; empty for Azure, where all keys belong to the resource
 * @param backend the name of the backend that made the object: it keeps its objects when
 * its key changes
 */
public record Owner(String resource, String account, String backend) {

	/** The paths of dialects, which do not belong to the resource. */
	private static final Pattern DIALECT_PATH = Pattern.compile("(/openai)?(/v1)?/*$");

	/** By the settings of a backend: a key is hashed once, not for each request. */
	private static final LoadingCache<BackendProperties, Owner> KNOWN = Caffeine.newBuilder()
		.weakKeys()
		.build(Owner::of);

	/**
	 * The owner of the objects that a backend stores.
	 * @param backend the backend
	 * @return the owner
	 */
	public static Owner of(Backend backend) {
		return KNOWN.get(backend.properties());
	}

	private static Owner of(BackendProperties properties) {
		return new Owner(resource(properties.url()), account(properties), properties.name());
	}

	/**
	 * Whether a backend leads to this owner.
	 * @param candidate the backend
	 * @return whether it has the same resource, and the same account or the same name
	 */
	public boolean isReachedBy(Backend candidate) {
		return isSameAs(of(candidate));
	}

	/**
	 * Whether another owner is this one, perhaps from before a change of its key.
	 * @param other the other owner
	 * @return whether it has the same resource, and the same account or the same name
	 */
	boolean isSameAs(Owner other) {
		return this.resource.equals(other.resource)
				&& (this.account.equals(other.account) || this.backend.equals(other.backend));
	}

	/**
	 * Whether another owner stores its objects at the same place.
	 * @param other the other owner, of a backend of any name
	 * @return whether it has the same resource and account
	 */
	boolean isSamePlace(Owner other) {
		return this.resource.equals(other.resource) && this.account.equals(other.account);
	}

	private static String resource(URI url) {
		String path = (url.getRawPath() != null) ? url.getRawPath() : "";
		return ServerAddress.serverOf(url) + DIALECT_PATH.matcher(path).replaceFirst("");
	}

	private static String account(BackendProperties properties) {
		Secret key = properties.apiKey();
		return (isAzure(properties) || key == null || key.isEmpty()) ? "" : hash(key.reveal());
	}

	/** A resource of Azure may be called in the dialect of OpenAI, too. */
	private static boolean isAzure(BackendProperties properties) {
		return properties.effectiveDialect() == BackendDialect.AZURE
				|| BackendDialect.ofHost(properties.host()) == BackendDialect.AZURE;
	}

	private static String hash(String key) {
		try {
			byte[] hash = MessageDigest.getInstance("SHA-256").digest(key.getBytes(StandardCharsets.UTF_8));
			return HexFormat.of().formatHex(hash, 0, 8);
		}
		catch (NoSuchAlgorithmException ex) {
			throw new IllegalStateException(ex);
		}
	}

	@Override
	public String toString() {
		return this.backend;
	}

}
