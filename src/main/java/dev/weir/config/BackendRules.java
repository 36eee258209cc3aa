package dev.weir.config;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.context.properties.source.ConfigurationPropertyName;

/**
 * What a backend must be beyond the types and ranges of its properties. One object checks
 * the backends of all pools, since their names must differ. Required values may be
 * {@code null} here; that was reported before.
 */
final class BackendRules {

	private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_-]{1,63}");

	private static final Pattern API_VERSION = Pattern.compile("\\d{4}-\\d{2}-\\d{2}(-preview)?");

	private final Map<String, ConfigurationPropertyName> names = new HashMap<>();

	private final Problems problems;

	BackendRules(Problems problems) {
		this.problems = problems;
	}

	void check(ConfigurationPropertyName at, BackendProperties backend) {
		checkName(at.append("name"), backend.name());
		URI url = backend.url();
		boolean azure = ((url != null) ? backend.effectiveDialect() : backend.dialect()) == BackendDialect.AZURE;
		boolean keyless = backend.apiKey() == null || backend.apiKey().isEmpty();
		new UrlRules(this.problems).check(at.append("url"), url, azure, keyless);
		new ModelRules(this.problems).check(at.append("models"), backend.models(), azure);
		checkApiVersion(at.append("api-version"), backend.apiVersion());
		checkScope(at.append("scope"), backend.scope());
		checkKeyHeader(at.append("api-key-header"), backend.apiKeyHeader(), keyless);
	}

	private void checkName(ConfigurationPropertyName at, @Nullable String name) {
		if (name == null) {
			return;
		}
		if (!NAME.matcher(name).matches()) {
			this.problems.report(at, "must have 1 to 63 letters, digits, hyphens and underscores",
					"Change the name; it stands in logs, headers and metrics.");
			return;
		}
		// Resilience4j and health take names that differ in case only for the same
		ConfigurationPropertyName other = this.names.putIfAbsent(name.toLowerCase(Locale.ROOT), at);
		if (other != null) {
			this.problems.report(at, "is taken by " + other.getParent(),
					"Change one of the names; they must differ over all pools.");
		}
	}

	private void checkScope(ConfigurationPropertyName at, @Nullable String scope) {
		if (scope != null && !isUri(scope)) {
			this.problems.report(at, "must be a scope without spaces",
					"Leave it out for the scope of the Azure cloud the host belongs to, "
							+ "https://cognitiveservices.azure.com/.default for instance.");
		}
	}

	private static boolean isUri(String text) {
		try {
			new URI(text);
			return !text.isEmpty();
		}
		catch (URISyntaxException ex) {
			return false;
		}
	}

	private void checkKeyHeader(ConfigurationPropertyName at, @Nullable String header, boolean keyless) {
		if (header == null) {
			return;
		}
		String reason = HeaderRules.whyNotForKeys(header);
		if (reason != null) {
			this.problems.report(at, reason,
					"Write the name of a header, Ocp-Apim-Subscription-Key for instance, or leave it out.");
		}
		else if (keyless) {
			this.problems.report(at, "stands without api-key, whose header it names",
					"Set api-key, or remove api-key-header.");
		}
	}

	private void checkApiVersion(ConfigurationPropertyName at, @Nullable String apiVersion) {
		if (apiVersion != null && !API_VERSION.matcher(apiVersion).matches()) {
			this.problems.report(at, "must be an api-version of Azure",
					"Write a date such as 2024-10-21 or 2025-01-01-preview, or leave it out for the caller's.");
		}
	}

}
