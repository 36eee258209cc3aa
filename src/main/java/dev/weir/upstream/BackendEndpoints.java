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
 * What the calls to each backend have in common.
 */
public final class BackendEndpoints {

	// what users copy from a portal or an SDK's settings behind the host
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
	 * What the calls to a backend have in common.
	 *
	 * @param base its URL up to where a dialect's paths begin, without a slash at the end
	 * @param credential what it knows Weir by
	 */
	public record Endpoint(String base, Credential credential) {
	}

}
