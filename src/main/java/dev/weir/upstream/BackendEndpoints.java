package dev.weir.upstream;

import java.net.URI;
import java.util.regex.Pattern;

import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.LoadingCache;

import dev.weir.backend.ConfigurationListener;
import dev.weir.backend.Backend;
import dev.weir.backend.PoolSet;
import dev.weir.backend.Pools;
import dev.weir.config.BackendDialect;
import dev.weir.config.BackendProperties;
import dev.weir.credential.Credential;
import dev.weir.credential.CredentialProvider;

/**
 * The base URL and the credential of each backend.
 */
public final class BackendEndpoints implements ConfigurationListener {

	// paths that users copy from a portal or from an SDK's settings
	private static final Pattern AZURE_SUFFIX = Pattern.compile("/openai(/v1)?/?$|/+$");

	private static final Pattern SLASHES_AT_END = Pattern.compile("/+$");

	private static final String OPENAI_DEFAULT = "/v1";

	// by identity, and only as long as requests or the configuration know the backend
	private final LoadingCache<Backend, Endpoint> endpoints;

	BackendEndpoints(Pools pools, CredentialProvider credentials) {
		this.endpoints = Caffeine.newBuilder()
			.weakKeys()
			.executor(Runnable::run)
			.build((backend) -> new Endpoint(base(backend.properties()),
					credentials.forBackend(backend.properties(), backend.dialect())));
		prepare(pools.current());
	}

	/**
	 * Creates the credentials of new backends, and fetches the first tokens for them in
	 * the background.
	 * @param configuration the next configuration
	 */
	@Override
	public void prepare(PoolSet configuration) {
		configuration.all().forEach((pool) -> pool.backends().forEach((backend) -> {
			Endpoint unused = of(backend);
		}));
	}

	/**
	 * Returns the URL that the paths of a backend's dialect are appended to.
	 * @param backend the backend
	 * @return the URL, without a slash at the end
	 */
	public static String base(BackendProperties backend) {
		URI url = backend.url();
		String server = url.getScheme() + "://" + url.getRawAuthority();
		if (backend.effectiveDialect() == BackendDialect.AZURE) {
			return server + AZURE_SUFFIX.matcher(url.getRawPath()).replaceFirst("");
		}
		String path = SLASHES_AT_END.matcher(url.getRawPath()).replaceFirst("");
		return server + (path.isEmpty() ? OPENAI_DEFAULT : path);
	}

	public Endpoint of(Backend backend) {
		return this.endpoints.get(backend);
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
