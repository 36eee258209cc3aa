package dev.weir.upstream;

import java.net.URI;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Pattern;

import dev.weir.backend.Backend;
import dev.weir.backend.Pools;
import dev.weir.config.BackendDialect;
import dev.weir.credential.Credential;
import dev.weir.credential.CredentialProvider;

/**
 * The base URL and the credential of each backend.
 */
public final class BackendEndpoints {

	// paths that users copy from a portal or from an SDK's settings
	private static final Pattern AZURE_SUFFIX = Pattern.compile("/openai(/v1)?/?$|/+$");

	private static final Pattern SLASHES_AT_END = Pattern.compile("/+$");

	private static final String OPENAI_DEFAULT = "/v1";

	private final Map<Backend, Endpoint> endpoints = new HashMap<>();

	BackendEndpoints(Pools pools, CredentialProvider credentials) {
		pools.all()
			.forEach((pool) -> pool.backends()
				.forEach((backend) -> this.endpoints.put(backend,
						new Endpoint(base(backend), credentials.forBackend(backend.properties(), backend.dialect())))));
	}

	private static String base(Backend backend) {
		URI url = backend.url();
		String server = url.getScheme() + "://" + url.getRawAuthority();
		if (backend.dialect() == BackendDialect.AZURE) {
			return server + AZURE_SUFFIX.matcher(url.getRawPath()).replaceFirst("");
		}
		String path = SLASHES_AT_END.matcher(url.getRawPath()).replaceFirst("");
		return server + (path.isEmpty() ? OPENAI_DEFAULT : path);
	}

	public Endpoint of(Backend backend) {
		Endpoint endpoint = this.endpoints.get(backend);
		if (endpoint == null) {
			throw new IllegalArgumentException("Unknown backend " + backend);
		}
		return endpoint;
	}

	/**
	 * The base URL and the credential of a backend.
	 *
	 * @param base the URL that the paths of its dialect are appended to, without a slash
	 * at the end
	 * @param credential the credential that Weir sends to it
	 */
	public record Endpoint(String base, Credential credential) {
	}

}
