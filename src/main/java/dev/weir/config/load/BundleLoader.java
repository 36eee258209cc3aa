package dev.weir.config.load;

import java.util.List;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.autoconfigure.ssl.JksSslBundleProperties;
import org.springframework.boot.autoconfigure.ssl.PemSslBundleProperties;
import org.springframework.boot.autoconfigure.ssl.PropertiesSslBundle;
import org.springframework.boot.context.properties.source.ConfigurationProperty;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.ssl.SslBundle;
import org.springframework.boot.ssl.SslBundles;
import org.springframework.boot.ssl.pem.PemSslStore;
import org.springframework.boot.ssl.pem.PemSslStoreDetails;
import org.springframework.boot.web.server.Ssl;
import org.springframework.boot.web.server.WebServerSslBundle;
import org.springframework.core.NestedExceptionUtils;
import org.springframework.core.io.ResourceLoader;
import org.springframework.util.function.ThrowingSupplier;

/**
 * Loads SSL bundles with Spring Boot's own classes, and names the property of a
 * certificate, key or store that cannot be used. Messages of causes are not shown,
 * because they may quote a key that stands in the place of a file.
 */
final class BundleLoader {

	private static final String UNUSABLE = "has a key, certificate or store that cannot be used";

	private static final String CURE = "Check the files and passwords.";

	private final WrittenProperties written;

	private final ResourceLoader resources;

	BundleLoader(WrittenProperties written, ResourceLoader resources) {
		this.written = written;
		this.resources = resources;
	}

	/**
	 * Loads a bundle of PEM files.
	 * @param at the name of the bundle's properties
	 * @param settings the settings of the bundle
	 * @return the bundle with all of its stores
	 * @throws InvalidConfigurationException if a part cannot be used, with one problem
	 */
	SslBundle pem(ConfigurationPropertyName at, PemSslBundleProperties settings) {
		checkPem(at.append("keystore"), settings.getKeystore());
		checkPem(at.append("truststore"), settings.getTruststore());
		return load(at, () -> PropertiesSslBundle.get(settings, this.resources));
	}

	/**
	 * Loads a bundle of stores.
	 * @param at the name of the bundle's properties
	 * @param settings the settings of the bundle
	 * @return the bundle with all of its stores
	 * @throws InvalidConfigurationException if a part cannot be used, with one problem
	 */
	SslBundle jks(ConfigurationPropertyName at, JksSslBundleProperties settings) {
		return load(at, () -> PropertiesSslBundle.get(settings, this.resources));
	}

	private void checkPem(ConfigurationPropertyName at, PemSslBundleProperties.@Nullable Store store) {
		if (store == null) {
			return;
		}
		attempt(at.append("certificate"), "has no certificate that can be read", "Write the certificate in PEM format.",
				() -> certificates(store));
		attempt(at.append("private-key"), "has no private key that can be read",
				"Write the key in PEM format. If it is encrypted, set private-key-password.", () -> key(store));
	}

	private @Nullable Object certificates(PemSslBundleProperties.Store settings) {
		PemSslStore store = PemSslStore.load(PemSslStoreDetails.forCertificates(settings.getCertificate()),
				this.resources);
		return (store != null) ? store.certificates() : null;
	}

	private @Nullable Object key(PemSslBundleProperties.Store settings) {
		PemSslStore store = PemSslStore.load(
				new PemSslStoreDetails(null, null, settings.getPrivateKey(), settings.getPrivateKeyPassword()),
				this.resources);
		return (store != null) ? store.privateKey() : null;
	}

	private SslBundle load(ConfigurationPropertyName at, ThrowingSupplier<SslBundle> settings) {
		SslBundle bundle = attempt(at, UNUSABLE, CURE, settings);
		attempt(at.append("keystore"), "cannot be used",
				CURE + " In a chain, the certificate of the server comes first.",
				() -> bundle.getStores().getKeyStore());
		attempt(at.append("truststore"), "cannot be used", CURE, () -> bundle.getStores().getTrustStore());
		checkKeys(at.append("keystore"), bundle);
		return bundle;
	}

	/**
	 * Checks that connections to a server can use its TLS settings.
	 * @param at the name of the settings
	 * @param ssl the settings, with TLS on
	 * @param bundles all bundles
	 * @throws InvalidConfigurationException if a part cannot be used, with one problem
	 */
	void checkServer(ConfigurationPropertyName at, Ssl ssl, SslBundles bundles) {
		checkServer(at, attempt(at, UNUSABLE, CURE, () -> WebServerSslBundle.get(ssl, bundles)));
		ConfigurationPropertyName names = at.append("server-name-bundles");
		ssl.getServerNameBundles()
			.forEach((name) -> checkServer(names,
					attempt(names, UNUSABLE, CURE, () -> bundles.getBundle(name.bundle()))));
	}

	/**
	 * Checks that connections to a server can use a bundle.
	 * @param at the name of the properties of the store
	 * @param bundle the bundle
	 * @throws InvalidConfigurationException if there is no private key, or if it does not
	 * belong to its certificate or cannot be read
	 */
	void checkServer(ConfigurationPropertyName at, SslBundle bundle) {
		attempt(at, UNUSABLE, CURE, bundle::createSslContext);
		if (!attempt(at, UNUSABLE, CURE, () -> KeyStoreCheck.hasKey(bundle))) {
			throw problem(at, "has no certificate with a private key, which a server needs",
					"Write the server's certificate and its private key, and in an alias the name of that key.");
		}
		checkKeys(at, bundle);
	}

	private void checkKeys(ConfigurationPropertyName at, SslBundle bundle) {
		if (attempt(at, "has a key that cannot be read", "Check its password.",
				() -> KeyStoreCheck.hasMismatchedKey(bundle))) {
			throw problem(at, "has a private key that does not belong to its certificate",
					"Write the certificate and the key of one pair.");
		}
	}

	private <T extends @Nullable Object> T attempt(ConfigurationPropertyName at, String mistake, String cure,
			ThrowingSupplier<T> part) {
		try {
			return part.get();
		}
		catch (RuntimeException ex) {
			Throwable cause = NestedExceptionUtils.getMostSpecificCause(ex);
			throw problem(at, mistake + " (" + cause.getClass().getSimpleName() + ")", cure);
		}
	}

	private InvalidConfigurationException problem(ConfigurationPropertyName at, String mistake, String cure) {
		ConfigurationProperty property = this.written.findWithin(at);
		return new InvalidConfigurationException(List.of(new ConfigurationProblem(at.toString(), null,
				(property != null) ? OriginDescriber.describe(property.getOrigin()) : null, mistake, cure)));
	}

}
