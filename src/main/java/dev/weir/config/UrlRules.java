package dev.weir.config;

import java.net.URI;
import java.util.Locale;
import java.util.regex.Pattern;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.context.properties.source.ConfigurationPropertyName;

/**
 * What the URL of a backend must be.
 */
final class UrlRules {

	private static final Pattern LOOPBACK = Pattern
		.compile("localhost|.+\\.localhost|127(\\.\\d{1,3}){3}|\\[(0*:)+0*1]");

	private final Problems problems;

	UrlRules(Problems problems) {
		this.problems = problems;
	}

	void check(ConfigurationPropertyName at, @Nullable URI url, boolean takesToken) {
		if (url == null) {
			return;
		}
		String scheme = (url.getScheme() != null) ? url.getScheme().toLowerCase(Locale.ROOT) : "";
		String host = url.getHost();
		if (!(scheme.equals("http") || scheme.equals("https")) || host == null || url.getPort() > 65535) {
			this.problems.report(at, Expectation.URL, Expectation.URL_CURE);
		}
		else if (url.getRawUserInfo() != null) {
			this.problems.report(at, "must not contain a user or a password", "Put the credential into api-key.");
		}
		else if (url.getRawQuery() != null || url.getRawFragment() != null) {
			this.problems.report(at, "must end with its path",
					"Remove what begins with '?' or '#'; api-version is a property of its own.");
		}
		else if (takesToken && scheme.equals("http") && !LOOPBACK.matcher(host.toLowerCase(Locale.ROOT)).matches()) {
			this.problems.report(at,
					"must be https, because a backend without api-key is sent a Microsoft Entra ID token",
					"Write https://, set api-key, or set dialect: openai for a server that needs no credential.");
		}
	}

}
