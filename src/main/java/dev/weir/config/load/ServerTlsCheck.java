package dev.weir.config.load;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.autoconfigure.ssl.PropertiesSslBundle;
import org.springframework.boot.autoconfigure.ssl.SslProperties;
import org.springframework.boot.context.properties.bind.BindException;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.io.ApplicationResourceLoader;
import org.springframework.boot.ssl.DefaultSslBundleRegistry;
import org.springframework.boot.ssl.NoSuchSslBundleException;
import org.springframework.boot.ssl.SslBundle;
import org.springframework.boot.web.server.Ssl;
import org.springframework.boot.web.server.WebServerSslBundle;
import org.springframework.core.NestedExceptionUtils;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.io.ResourceLoader;

/**
 * Checks the TLS settings of the ports, and all SSL bundles, by loading their
 * certificates, keys and stores, with Spring Boot's own classes. {@link TlsCheck} checks
 * those of the connections to backends.
 */
final class ServerTlsCheck {

	private static final String BUNDLES = "spring.ssl";

	private static final List<String> SERVERS = List.of("server.ssl", "management.server.ssl");

	private final Binder binder;

	private final ResourceLoader resources;

	private final List<ConfigurationProblem> problems = new ArrayList<>();

	/**
	 * Creates a check.
	 * @param next the environment with the new values
	 * @param resources loads the files
	 */
	ServerTlsCheck(ConfigurableEnvironment next, ResourceLoader resources) {
		this.binder = Binder.get(next);
		// as Spring Boot: a path without a scheme is a file
		this.resources = ApplicationResourceLoader.get(resources, true);
	}

	/**
	 * Checks settings.
	 * @param changed the names of the changed properties
	 * @return the mistakes
	 */
	List<ConfigurationProblem> check(Collection<ConfigurationPropertyName> changed) {
		boolean affected = Stream.concat(Stream.of(BUNDLES), SERVERS.stream())
			.map(ConfigurationPropertyName::of)
			.anyMatch((prefix) -> changed.stream().anyMatch(prefix::isAncestorOf));
		if (!affected) {
			return List.of();
		}
		DefaultSslBundleRegistry bundles = bundles();
		if (bundles != null) {
			SERVERS.forEach((prefix) -> checkServer(prefix, bundles));
		}
		return this.problems;
	}

	/** Loads all bundles, as the metrics about certificates do at a start. */
	private @Nullable DefaultSslBundleRegistry bundles() {
		DefaultSslBundleRegistry bundles = new DefaultSslBundleRegistry();
		try {
			SslProperties.Bundles settings = this.binder.bindOrCreate(BUNDLES, SslProperties.class).getBundle();
			settings.getPem()
				.forEach((name, bundle) -> add(bundles, "pem." + name, name,
						() -> PropertiesSslBundle.get(bundle, this.resources)));
			settings.getJks()
				.forEach((name, bundle) -> add(bundles, "jks." + name, name,
						() -> PropertiesSslBundle.get(bundle, this.resources)));
		}
		catch (BindException ex) {
			this.problems.addAll(ConfigurationReader.describe(ex, false).problems());
		}
		return this.problems.isEmpty() ? bundles : null;
	}

	private void add(DefaultSslBundleRegistry bundles, String property, String name, Supplier<SslBundle> settings) {
		try {
			SslBundle bundle = settings.get();
			bundle.getStores().getKeyStore();
			bundle.getStores().getTrustStore();
			bundles.registerBundle(name, bundle);
		}
		catch (RuntimeException ex) {
			report(BUNDLES + ".bundle." + property, ex);
		}
	}

	private void checkServer(String prefix, DefaultSslBundleRegistry bundles) {
		try {
			Ssl ssl = this.binder.bind(prefix, Ssl.class).orElse(null);
			if (Ssl.isEnabled(ssl)) {
				WebServerSslBundle.get(ssl, bundles).createSslContext();
			}
		}
		catch (NoSuchSslBundleException ex) {
			reportBundle(prefix + ".bundle", ex);
		}
		catch (BindException ex) {
			this.problems.addAll(ConfigurationReader.describe(ex, false).problems());
		}
		catch (RuntimeException ex) {
			report(prefix, ex);
		}
	}

	private void reportBundle(String property, NoSuchSslBundleException ex) {
		this.problems.add(new ConfigurationProblem(property, ex.getBundleName(), null,
				"is the name of an SSL bundle that does not exist",
				"Define spring.ssl.bundle.pem." + ex.getBundleName() + "."));
	}

	/** The message is not shown, because it may quote a key that stands for a file. */
	private void report(String property, RuntimeException ex) {
		Throwable cause = NestedExceptionUtils.getMostSpecificCause(ex);
		this.problems.add(new ConfigurationProblem(property, null, null,
				"has a key, certificate or store that cannot be used (" + cause.getClass().getSimpleName() + ")",
				"Check the files and passwords."));
	}

}
