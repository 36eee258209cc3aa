package dev.weir.config.load;

import java.net.URI;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.context.properties.source.ConfigurationPropertyName;

import dev.weir.config.ServerAddress;

/**
 * Checks the URL of a backend.
 */
final class UrlCheck {

	private static final Pattern LOOPBACK = Pattern
		.compile("localhost|.+\\.localhost|127(\\.\\d{1,3}){3}|\\[(0*:)+0*1]");

	private static final Pattern PORT = Pattern.compile(":0*(\\d{5,})$");

	private static final int MAX_PORT = 65535;

	private static final Pattern OPERATION = Pattern.compile("(?i)/(chat/completions|completions|embeddings|responses"
			+ "|images/(generations|edits|variations)|audio/(speech|transcriptions|translations)|moderations|files"
			+ "|uploads|batches|rerank|(v1|openai)/models)/*$");

	private static final Pattern DEPLOYMENT = Pattern.compile("(?i)/openai/deployments/([^/]+)");

	private static final Pattern AZURE_API = Pattern.compile("(?i)/openai(/|$)");

	private final ProblemCollector problems;

	UrlCheck(ProblemCollector problems) {
		this.problems = problems;
	}

	void check(ConfigurationPropertyName at, @Nullable URI url, boolean azure, boolean keyless) {
		if (url == null) {
			return;
		}
		String scheme = (url.getScheme() != null) ? url.getScheme().toLowerCase(Locale.ROOT) : "";
		ServerAddress address = ServerAddress.of(url);
		if (url.getRawUserInfo() != null && url.getHost() != null && isHttp(scheme)) {
			this.problems.report(at, "must not contain a user or a password", "Put the credential into api-key.");
		}
		else if (isHttp(scheme) && hasLargePort(url)) {
			this.problems.report(at, "has a port above " + MAX_PORT, "Write a port from 1 to " + MAX_PORT + ".");
		}
		else if (!isHttp(scheme) || address == null) {
			this.problems.report(at, Expectation.URL, Expectation.URL_CURE);
		}
		else if (namesOperation(url, azure)) {
			this.problems.report(at, "must be the base URL of the backend, without an operation", cure(url, azure));
		}
		else if (url.getRawQuery() != null || url.getRawFragment() != null) {
			this.problems.report(at, "must not have a query or a fragment",
					"Remove the part from '?' or '#' on. There is a separate property api-version.");
		}
		else if (azure && keyless && scheme.equals("http") && !isLoopback(address.host())) {
			this.problems.report(at, "must be https, because a backend without api-key gets a Microsoft Entra ID token",
					"Write https://, set api-key, or set dialect: openai for a server without a credential.");
		}
	}

	static boolean isLoopback(String host) {
		return LOOPBACK.matcher(host.toLowerCase(Locale.ROOT)).matches();
	}

	/** An authority with a port of more than nine digits is not parsed. */
	private static boolean hasLargePort(URI url) {
		Matcher port = PORT.matcher((url.getRawAuthority() != null) ? url.getRawAuthority() : "");
		return port.find() && (port.group(1).length() > 9 || Integer.parseInt(port.group(1)) > MAX_PORT);
	}

	private static boolean isHttp(String scheme) {
		return scheme.equals("http") || scheme.equals("https");
	}

	private static boolean namesOperation(URI url, boolean azure) {
		return OPERATION.matcher(url.getRawPath()).find() || (azure && DEPLOYMENT.matcher(url.getRawPath()).find());
	}

	// users copy the "Target URI" of the Azure portal, which contains operation and
	// version
	private static String cure(URI url, boolean azure) {
		String path = url.getRawPath();
		Matcher api = AZURE_API.matcher(path);
		String base = (azure && api.find()) ? path.substring(0, api.start()) : OPERATION.matcher(path).replaceFirst("");
		Matcher deployment = DEPLOYMENT.matcher(path);
		return "Write " + url.getScheme() + "://" + url.getRawAuthority() + base + "."
				+ (deployment.find() ? " Set the deployment in models, as 'MODEL: " + deployment.group(1)
						+ "', and the version in api-version." : " Weir adds the operation of each call.");
	}

}
