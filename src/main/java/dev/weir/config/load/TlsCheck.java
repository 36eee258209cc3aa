package dev.weir.config.load;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.ConfigurationProperty;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.context.properties.source.ConfigurationPropertySource;
import org.springframework.boot.context.properties.source.ConfigurationPropertySources;
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

	private static final List<ConfigurationPropertyName> BUNDLES = Stream.of("jks", "pem")
		.map((type) -> ConfigurationPropertyName.of("spring.ssl.bundle." + type))
		.toList();

	private static final Set<String> TRUE = Set.of("true", "on", "yes", "1");

	private static final String CUSTOM_AUTHORITY = "To trust your own certificate authority, set"
			+ " spring.ssl.bundle.pem.NAME.truststore.certificate to its certificate and NAME in "
			+ SSL.append("ssl-bundle") + ".";

	private final ProblemCollector problems;

	TlsCheck(ProblemCollector problems) {
		this.problems = problems;
	}

	void check(ConfigurableEnvironment environment) {
		List<ConfigurationPropertySource> sources = new ArrayList<>();
		ConfigurationPropertySources.from(environment.getPropertySources()).forEach(sources::add);
		ConfigurationProperty insecure = find(sources, SSL.append("use-insecure-trust-manager"));
		if (insecure != null && TRUE.contains(value(insecure, environment).toLowerCase(Locale.ROOT))) {
			report(insecure, value(insecure, environment), "would let any server pose as a backend and receive its key",
					"Remove it. " + CUSTOM_AUTHORITY);
		}
		ConfigurationProperty bundle = find(sources, SSL.append("ssl-bundle"));
		String name = (bundle != null) ? value(bundle, environment) : "";
		if (bundle == null || name.isEmpty()) {
			return;
		}
		Set<String> bundles = bundles(sources);
		if (!bundles.contains(name)) {
			String cure = Suggestion.of(name, bundles)
				.map((suggestion) -> "Did you mean " + suggestion + "? ")
				.orElse("Define spring.ssl.bundle.pem." + name + ". ");
			report(bundle, name, "is the name of an SSL bundle that does not exist",
					cure + "Without the bundle, the trust store of the Java runtime would be used.");
		}
		ConfigurationPropertyName certificates = SSL.append("trusted-x509-certificates");
		ConfigurationProperty first = find(sources, certificates.append("[0]"));
		ConfigurationProperty beside = (first != null) ? first : find(sources, certificates);
		if (beside != null && !value(beside, environment).isEmpty()) {
			report(beside, value(beside, environment), "would replace the bundle " + name,
					"Put the certificate into the bundle's trust store, or remove " + SSL.append("ssl-bundle") + ".");
		}
	}

	private static Set<String> bundles(List<ConfigurationPropertySource> sources) {
		Binder binder = new Binder(sources);
		Set<String> names = new TreeSet<>();
		BUNDLES.forEach((type) -> names
			.addAll(binder.bind(type, Bindable.mapOf(String.class, Object.class)).orElse(Map.of()).keySet()));
		return names;
	}

	private static @Nullable ConfigurationProperty find(List<ConfigurationPropertySource> sources,
			ConfigurationPropertyName name) {
		for (ConfigurationPropertySource source : sources) {
			ConfigurationProperty property = source.getConfigurationProperty(name);
			if (property != null) {
				return property;
			}
		}
		return null;
	}

	private static String value(ConfigurationProperty property, ConfigurableEnvironment environment) {
		return environment.resolvePlaceholders(property.getValue().toString()).strip();
	}

	private void report(ConfigurationProperty property, String value, String mistake, String cure) {
		this.problems.report(property.getOrigin(), new ConfigurationProblem(property.getName().toString(), value,
				OriginDescriber.describe(property.getOrigin()), mistake, cure));
	}

}
