package dev.weir.config;

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

/**
 * Checks that Spring Cloud Gateway's TLS settings mean what they seem to mean: it takes
 * any certificate if told to, and where a bundle's name is misspelt, or certificates
 * stand beside the bundle, it passes over the bundle without a word.
 */
final class TlsRules {

	private static final ConfigurationPropertyName SSL = ConfigurationPropertyName
		.of("spring.cloud.gateway.server.webflux.httpclient.ssl");

	private static final List<ConfigurationPropertyName> BUNDLES = Stream.of("jks", "pem")
		.map((type) -> ConfigurationPropertyName.of("spring.ssl.bundle." + type))
		.toList();

	private static final Set<String> TRUE = Set.of("true", "on", "yes", "1");

	private static final String OWN_AUTHORITY = "To trust an authority of your own, write its certificate into"
			+ " spring.ssl.bundle.pem.NAME.truststore.certificate and NAME into " + SSL.append("ssl-bundle") + ".";

	private final Problems problems;

	TlsRules(Problems problems) {
		this.problems = problems;
	}

	void check(ConfigurableEnvironment environment) {
		List<ConfigurationPropertySource> sources = new ArrayList<>();
		ConfigurationPropertySources.from(environment.getPropertySources()).forEach(sources::add);
		ConfigurationProperty insecure = find(sources, SSL.append("use-insecure-trust-manager"));
		if (insecure != null && TRUE.contains(value(insecure, environment).toLowerCase(Locale.ROOT))) {
			report(insecure, value(insecure, environment), "would let anyone pose as a backend and take its key",
					"Remove it. " + OWN_AUTHORITY);
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
			report(bundle, name, "names no bundle",
					cure + "Without it the Java runtime's own trust store would count.");
		}
		ConfigurationPropertyName certificates = SSL.append("trusted-x509-certificates");
		ConfigurationProperty first = find(sources, certificates.append("[0]"));
		ConfigurationProperty beside = (first != null) ? first : find(sources, certificates);
		if (beside != null && !value(beside, environment).isEmpty()) {
			report(beside, value(beside, environment), "would count in place of the bundle " + name,
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
				Origins.describe(property.getOrigin()), mistake, cure));
	}

}
