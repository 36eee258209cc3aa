package dev.weir.config.load;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.context.properties.source.ConfigurationPropertyName;

import dev.weir.config.BackendDialect;
import dev.weir.config.BackendProperties;

/**
 * Checks the properties of backends beyond their types and ranges. One object checks the
 * backends of all pools, because their names must differ. Required values may be
 * {@code null} here: {@link RequiredValueCheck} reports them.
 */
final class BackendCheck {

	static final Pattern NAME = Pattern.compile("[A-Za-z0-9_-]{1,63}");

	static final Pattern API_VERSION = Pattern.compile("\\d{4}-\\d{2}-\\d{2}(-preview)?");

	private final Map<String, ConfigurationPropertyName> names = new HashMap<>();

	private final ProblemCollector problems;

	BackendCheck(ProblemCollector problems) {
		this.problems = problems;
	}

	void check(ConfigurationPropertyName at, BackendProperties backend) {
		checkName(at.append("name"), backend.name());
		URI url = backend.url();
		boolean azure = ((url != null) ? backend.effectiveDialect() : backend.dialect()) == BackendDialect.AZURE;
		boolean keyless = (backend.apiKey() == null || backend.apiKey().isEmpty())
				&& !this.problems.isReportedNear(at.append("api-key"));
		new UrlCheck(this.problems).check(at.append("url"), url, azure, keyless);
		new ModelCheck(this.problems).check(at.append("models"), backend.models(), azure);
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
					"Change the name. It is part of logs, headers and metrics.");
			return;
		}
		// Resilience4j and health do not distinguish names that differ in case only
		ConfigurationPropertyName other = this.names.putIfAbsent(name.toLowerCase(Locale.ROOT), at);
		if (other != null) {
			this.problems.report(at, "is already the name of " + other.getParent(),
					"Change one of the names. They must differ in all pools.");
		}
	}

	private void checkScope(ConfigurationPropertyName at, @Nullable String scope) {
		if (scope != null && !isUri(scope)) {
			this.problems.report(at, "must be a URI without spaces",
					"Remove it to use the scope of the Azure cloud of the host, "
							+ "such as https://cognitiveservices.azure.com/.default.");
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
		String reason = HeaderCheck.problemAsKeyHeader(header);
		if (reason != null) {
			this.problems.report(at, reason,
					"Write the name of a header, such as Ocp-Apim-Subscription-Key, or remove the property.");
		}
		else if (keyless) {
			this.problems.report(at, "is set, but api-key is not", "Set api-key, or remove api-key-header.");
		}
	}

	private void checkApiVersion(ConfigurationPropertyName at, @Nullable String apiVersion) {
		if (apiVersion != null && !API_VERSION.matcher(apiVersion).matches()) {
			this.problems.report(at, "must be an Azure api-version",
					"Write a date such as 2024-10-21 or 2025-01-01-preview, or remove it to use the client's.");
		}
	}

}
