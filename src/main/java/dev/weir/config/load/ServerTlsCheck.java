package dev.weir.config.load;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.autoconfigure.ssl.SslProperties;
import org.springframework.boot.context.properties.bind.BindException;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.ConfigurationProperty;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.io.ApplicationResourceLoader;
import org.springframework.boot.ssl.DefaultSslBundleRegistry;
import org.springframework.boot.ssl.SslBundle;
import org.springframework.boot.web.server.Ssl;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.io.ResourceLoader;
import org.springframework.util.StringUtils;

/**
 * Checks the TLS settings of the ports, and all SSL bundles, by loading their
 * certificates, keys and stores, with Spring Boot's own classes. {@link TlsFilesCheck}
 * checks first that bundles and files exist. {@link TlsCheck} checks the settings of the
 * connections to backends.
 */
final class ServerTlsCheck {

	private static final ConfigurationPropertyName BUNDLES = ConfigurationPropertyName.of("spring.ssl");

	private static final List<ConfigurationPropertyName> SERVERS = Stream.of("server.ssl", "management.server.ssl")
		.map(ConfigurationPropertyName::of)
		.toList();

	private final Binder binder;

	private final WrittenProperties written;

	private final BundleLoader loader;

	private final List<ConfigurationProblem> problems = new ArrayList<>();

	/**
	 * Creates a check.
	 * @param environment the environment with the values
	 * @param resources loads the files
	 */
	ServerTlsCheck(ConfigurableEnvironment environment, ResourceLoader resources) {
		this.binder = Binder.get(environment);
		this.written = new WrittenProperties(environment);
		// as Spring Boot: a path without a scheme is a file
		this.loader = new BundleLoader(this.written, ApplicationResourceLoader.get(resources, true));
	}

	/**
	 * Checks all settings.
	 * @return the mistakes
	 */
	List<ConfigurationProblem> check() {
		if (prefixes().noneMatch(this.written::has)) {
			return List.of();
		}
		DefaultSslBundleRegistry bundles = bundles();
		if (bundles != null) {
			SERVERS.forEach((prefix) -> checkServer(prefix, bundles));
		}
		return this.problems;
	}

	/**
	 * Checks settings after a change.
	 * @param changed the names of the changed properties
	 * @return the mistakes
	 */
	List<ConfigurationProblem> check(Collection<ConfigurationPropertyName> changed) {
		return prefixes().anyMatch((prefix) -> changed.stream().anyMatch(prefix::isAncestorOf)) ? check() : List.of();
	}

	private static Stream<ConfigurationPropertyName> prefixes() {
		return Stream.concat(Stream.of(BUNDLES), SERVERS.stream());
	}

	/** Loads all bundles, as the metrics about certificates do at a start. */
	private @Nullable DefaultSslBundleRegistry bundles() {
		DefaultSslBundleRegistry bundles = new DefaultSslBundleRegistry();
		try {
			SslProperties.Bundles settings = this.binder.bindOrCreate(BUNDLES.toString(), SslProperties.class)
				.getBundle();
			settings.getPem()
				.forEach((name, bundle) -> add(bundles, name,
						() -> this.loader.pem(ListenerBundles.properties("pem", name), bundle)));
			settings.getJks()
				.forEach((name, bundle) -> add(bundles, name,
						() -> this.loader.jks(ListenerBundles.properties("jks", name), bundle)));
		}
		catch (BindException ex) {
			this.problems.addAll(ConfigurationReader.describe(ex, false).problems());
		}
		return this.problems.isEmpty() ? bundles : null;
	}

	private void add(DefaultSslBundleRegistry bundles, String name, Supplier<SslBundle> bundle) {
		if (bundles.getBundleNames().contains(name)) {
			this.problems.add(new ConfigurationProblem(ListenerBundles.properties("jks", name).toString(), null, null,
					"has the name of a bundle in spring.ssl.bundle.pem", "Give each bundle a different name."));
			return;
		}
		try {
			bundles.registerBundle(name, bundle.get());
		}
		catch (InvalidConfigurationException ex) {
			this.problems.addAll(ex.problems());
		}
	}

	/** As Spring Boot chooses between a bundle, PEM files and a store. */
	private boolean hasAllParts(ConfigurationPropertyName prefix, Ssl ssl) {
		if (StringUtils.hasText(ssl.getBundle()) || StringUtils.hasText(ssl.getKeyStore())
				|| "PKCS11".equalsIgnoreCase(ssl.getKeyStoreType())) {
			return true;
		}
		boolean certificate = StringUtils.hasText(ssl.getCertificate());
		boolean key = StringUtils.hasText(ssl.getCertificatePrivateKey());
		if (!certificate && !key) {
			reportMissing(prefix, prefix, "has no certificate with a private key, which a server needs",
					"Set bundle, or certificate and certificate-private-key, or key-store below it.");
		}
		else if (!key) {
			reportMissing(prefix.append("certificate-private-key"), prefix.append("certificate"), "is missing",
					"Set it to the file of the private key that belongs to certificate.");
		}
		else if (!certificate) {
			reportMissing(prefix.append("certificate"), prefix.append("certificate-private-key"), "is missing",
					"Set it to the file of the certificate that belongs to certificate-private-key.");
		}
		return certificate && key;
	}

	private void reportMissing(ConfigurationPropertyName name, ConfigurationPropertyName beside, String mistake,
			String cure) {
		ConfigurationProperty property = this.written.findWithin(beside);
		this.problems.add(new ConfigurationProblem(name.toString(), null,
				(property != null) ? OriginDescriber.describe(property.getOrigin()) : null, mistake, cure));
	}

	private void checkServer(ConfigurationPropertyName prefix, DefaultSslBundleRegistry bundles) {
		try {
			Ssl ssl = this.binder.bind(prefix.toString(), Ssl.class).orElse(null);
			if (ssl != null && Ssl.isEnabled(ssl) && hasAllParts(prefix, ssl)) {
				this.loader.checkServer(prefix, ssl, bundles);
			}
		}
		catch (BindException ex) {
			this.problems.addAll(ConfigurationReader.describe(ex, false).problems());
		}
		catch (InvalidConfigurationException ex) {
			this.problems.addAll(ex.problems());
		}
	}

}
