package dev.weir.config.load;

import java.security.GeneralSecurityException;
import java.security.InvalidKeyException;
import java.security.KeyStore;
import java.security.KeyStoreException;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.SignatureException;
import java.security.cert.Certificate;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.ssl.SslBundle;

/**
 * Checks the private keys of a store. Java and Netty do not check them: each handshake
 * would fail. Spring Boot's {@code verify-keys} accepts the key of any certificate of a
 * chain, and exists for PEM files only.
 */
final class KeyStoreCheck {

	private static final byte[] DATA = { 1, 2, 3 };

	private KeyStoreCheck() {
	}

	/**
	 * Finds a private key, which a server needs.
	 * @param bundle the bundle with the store
	 * @return whether there is one; with an alias, whether it is that of a key
	 * @throws KeyStoreException if the store is not loaded
	 */
	static boolean hasKey(SslBundle bundle) throws KeyStoreException {
		KeyStore store = bundle.getStores().getKeyStore();
		return store != null && !keys(store, bundle.getKey().getAlias()).isEmpty();
	}

	/**
	 * Finds a private key that does not belong to its certificate, which is the first one
	 * of its chain.
	 * @param bundle the bundle with the store
	 * @return whether there is one
	 * @throws GeneralSecurityException if a key cannot be read
	 */
	static boolean hasMismatchedKey(SslBundle bundle) throws GeneralSecurityException {
		KeyStore store = bundle.getStores().getKeyStore();
		if (store == null) {
			return false;
		}
		for (String name : keys(store, bundle.getKey().getAlias())) {
			Certificate certificate = store.getCertificate(name);
			if (certificate != null && store.getKey(name, password(bundle)) instanceof PrivateKey key
					&& !belongs(key, certificate.getPublicKey())) {
				return true;
			}
		}
		return false;
	}

	/** The names of the keys that a connection can use. */
	private static List<String> keys(KeyStore store, @Nullable String alias) throws KeyStoreException {
		List<String> keys = new ArrayList<>();
		for (String name : (alias != null) ? List.of(alias) : Collections.list(store.aliases())) {
			if (store.isKeyEntry(name)) {
				keys.add(name);
			}
		}
		return keys;
	}

	private static char @Nullable [] password(SslBundle bundle) {
		String ofKey = bundle.getKey().getPassword();
		String password = (ofKey != null) ? ofKey : bundle.getStores().getKeyStorePassword();
		return (password != null) ? password.toCharArray() : null;
	}

	private static boolean belongs(PrivateKey key, PublicKey publicKey) throws GeneralSecurityException {
		if (!key.getAlgorithm().equals(publicKey.getAlgorithm())) {
			return false;
		}
		String algorithm = switch (key.getAlgorithm()) {
			case "RSA" -> "SHA256withRSA";
			case "EC" -> "SHA256withECDSA";
			case "DSA" -> "SHA256withDSA";
			case "EdDSA" -> "EdDSA";
			default -> null;
		};
		if (algorithm == null) {
			return true;
		}
		Signature signer = Signature.getInstance(algorithm);
		signer.initSign(key);
		signer.update(DATA);
		byte[] signature = signer.sign();
		try {
			Signature verifier = Signature.getInstance(algorithm);
			verifier.initVerify(publicKey);
			verifier.update(DATA);
			return verifier.verify(signature);
		}
		catch (InvalidKeyException | SignatureException ex) {
			// keys of other sizes or curves
			return false;
		}
	}

}
