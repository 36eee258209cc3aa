package dev.weir.simulator;

import java.util.List;
import java.util.Optional;

import io.netty.handler.codec.http.QueryStringDecoder;
import org.jspecify.annotations.Nullable;

/**
 * The operation, deployment and API version that the URL of a request names.
 *
 * @param operation the operation
 * @param azure whether the URL has Azure's form and not OpenAI's
 * @param deployment the deployment in the path, or {@code null}
 * @param apiVersion the version of Azure's API, {@code v1} if the URL names none
 */
record Target(SimulatedOperation operation, boolean azure, @Nullable String deployment, String apiVersion) {

	private static final String AZURE_DEPLOYMENTS = "/openai/deployments/";

	private static final String AZURE_V1 = "/openai/v1/";

	private static final String AZURE = "/openai/";

	private static final String OPENAI = "/v1/";

	/**
	 * Parses the path and query of a request.
	 * @param uri the path and query, as sent
	 * @return the target, or empty for an unknown URL, such as a classic path of Azure
	 * without {@code api-version}
	 */
	static Optional<Target> parse(String uri) {
		QueryStringDecoder decoder = new QueryStringDecoder(uri);
		String path = decoder.path();
		String version = decoder.parameters().getOrDefault("api-version", List.of("")).get(0);
		if (path.startsWith(AZURE_V1)) {
			return target(path.substring(AZURE_V1.length()), true, null, version.isEmpty() ? "v1" : version);
		}
		if (path.startsWith(OPENAI)) {
			return target(path.substring(OPENAI.length()), false, null, "v1");
		}
		return version.isEmpty() ? Optional.empty() : classic(path, version);
	}

	private static Optional<Target> classic(String path, String version) {
		if (path.startsWith(AZURE_DEPLOYMENTS)) {
			String remainder = path.substring(AZURE_DEPLOYMENTS.length());
			int slash = remainder.indexOf('/');
			return (slash <= 0) ? Optional.empty()
					: target(remainder.substring(slash + 1), true, remainder.substring(0, slash), version)
						.filter((target) -> target.operation != SimulatedOperation.RESPONSE);
		}
		return path.startsWith(AZURE) ? target(path.substring(AZURE.length()), true, null, version)
			.filter((target) -> target.operation == SimulatedOperation.RESPONSE) : Optional.empty();
	}

	private static Optional<Target> target(String path, boolean azure, @Nullable String deployment, String version) {
		return SimulatedOperation.at(path).map((operation) -> new Target(operation, azure, deployment, version));
	}

}
