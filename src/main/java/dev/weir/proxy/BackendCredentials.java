package dev.weir.proxy;

import java.util.HashMap;
import java.util.Map;

import dev.weir.backend.Backend;
import dev.weir.backend.Pools;
import dev.weir.credential.Credential;
import dev.weir.credential.Credentials;

/**
 * Each backend's own credential.
 */
final class BackendCredentials {

	private final Map<Backend, Credential> credentials = new HashMap<>();

	BackendCredentials(Pools pools, Credentials factory) {
		pools.all()
			.forEach((pool) -> pool.backends()
				.forEach((backend) -> this.credentials.put(backend,
						factory.forBackend(backend.properties(), backend.dialect()))));
	}

	Credential of(Backend backend) {
		Credential credential = this.credentials.get(backend);
		if (credential == null) {
			throw new IllegalArgumentException("Unknown backend " + backend);
		}
		return credential;
	}

}
