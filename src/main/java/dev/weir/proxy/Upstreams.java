package dev.weir.proxy;

import java.net.URI;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Pattern;

import dev.weir.backend.Backend;
import dev.weir.backend.Pools;
import dev.weir.config.BackendDialect;
import dev.weir.credential.Credential;
import dev.weir.credential.Credentials;

/**
 * What the calls to each backend have in common.
 */
final class Upstreams {

	// what users copy from a portal or an SDK's settings behind the host
	private static final Pattern AZURE_SUFFIX = Pattern.compile("/openai(/v1)?/?$|/+$");

	private static final Pattern OPENAI_SUFFIX = Pattern.compile("/v1/?$|/+$");

	private final Map<Backend, Upstream> upstreams = new HashMap<>();

	Upstreams(Pools pools, Credentials credentials) {
		pools.all()
			.forEach((pool) -> pool.backends()
				.forEach((backend) -> this.upstreams.put(backend,
						new Upstream(base(backend), credentials.forBackend(backend.properties(), backend.dialect())))));
	}

	private static String base(Backend backend) {
		URI url = backend.url();
		Pattern suffix = (backend.dialect() == BackendDialect.AZURE) ? AZURE_SUFFIX : OPENAI_SUFFIX;
		return url.getScheme() + "://" + url.getRawAuthority() + suffix.matcher(url.getRawPath()).replaceFirst("");
	}

	Upstream of(Backend backend) {
		Upstream upstream = this.upstreams.get(backend);
		if (upstream == null) {
			throw new IllegalArgumentException("Unknown backend " + backend);
		}
		return upstream;
	}

	/**
	 * What the calls to a backend have in common.
	 *
	 * @param base its URL up to where a dialect's paths begin, without a slash at the end
	 * @param credential what it knows Weir by
	 */
	record Upstream(String base, Credential credential) {
	}

}
