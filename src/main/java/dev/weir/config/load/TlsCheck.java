package dev.weir.config.load;

import java.util.Locale;
import java.util.Set;

import org.springframework.boot.context.properties.source.ConfigurationProperty;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.core.env.ConfigurableEnvironment;

import dev.weir.config.Suggestion;

/**
 * Checks Spring Cloud Gateway's TLS settings, because the gateway does not report
 * mistakes in them: it can accept any certificate, and it ignores an SSL bundle that does
 * not exist or that is combined with certificates.
 */
final class TlsCheck {

	private static final ConfigurationPropertyName SSL = ConfigurationPropertyName
		.of("spring.cloud.gateway.server.webflux.httpclient.ssl");

	private static final Set<String> TRUE = Set.of("true", "on", "yes", "1");

	private static final String CUSTOM_AUTHORITY = "To trust your own certificate authority, set"
			+ " spring.ssl.bundle.pem.NAME.truststore.certificate to its certificate and NAME in "
			+ SSL.append("ssl-bundle") + ".";

	private final ProblemCollector problems;

	TlsCheck(ProblemCollector problems) {
		this.problems = problems;
	}

	void check(ConfigurableEnvironment environment) {
		WrittenProperties written = new WrittenProperties(environment);
		ConfigurationProperty insecure = written.find(SSL.append("use-insecure-trust-manager"));
		if (insecure != null && TRUE.contains(written.value(insecure).toLowerCase(Locale.ROOT))) {
			report(insecure, written.value(insecure), "would let any server pose as a backend and receive its key",
					"Remove it. " + CUSTOM_AUTHORITY);
		}
		ConfigurationProperty bundle = written.find(SSL.append("ssl-bundle"));
		String name = (bundle != null) ? written.value(bundle) : "";
		if (bundle == null || name.isEmpty()) {
			return;
		}
		Set<String> bundles = TlsFilesCheck.bundles(written);
		if (!bundles.contains(name)) {
			String cure = Suggestion.of(name, bundles)
				.map((suggestion) -> "Did you mean " + suggestion + "? ")
				.orElse("Define spring.ssl.bundle.pem." + name + ". ");
			report(bundle, name, "is the name of an SSL bundle that does not exist",
					cure + "Without the bundle, the trust store of the Java runtime would be used.");
		}
		ConfigurationPropertyName certificates = SSL.append("trusted-x509-certificates");
		ConfigurationProperty first = written.find(certificates.append("[0]"));
		ConfigurationProperty beside = (first != null) ? first : written.find(certificates);
		if (beside != null && !written.value(beside).isEmpty()) {
			report(beside, written.value(beside), "would replace the bundle " + name,
					"Put the certificate into the bundle's trust store, or remove " + SSL.append("ssl-bundle") + ".");
		}
	}

	private void report(ConfigurationProperty property, String value, String mistake, String cure) {
		this.problems.report(property.getOrigin(), new ConfigurationProblem(property.getName().toString(), value,
				OriginDescriber.describe(property.getOrigin()), mistake, cure));
	}

}
