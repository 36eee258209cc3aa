package dev.weir.upstream;

import java.net.InetSocketAddress;
import java.net.URI;
import java.util.List;

import reactor.netty.http.client.HttpClient;

import org.springframework.beans.factory.ObjectProvider;

import dev.weir.backend.BackendCondition;
import dev.weir.backend.ConfigurationListener;
import dev.weir.backend.PoolSet;
import dev.weir.config.ServerAddress;

/**
 * The pooled connections to backends.
 */
final class BackendConnections implements ConfigurationListener {

	private final ObjectProvider<HttpClient> client;

	BackendConnections(ObjectProvider<HttpClient> client) {
		this.client = client;
	}

	/**
	 * Closes the idle connections to the servers of removed backends, unless another
	 * backend is on the same server. Connections in use are closed when they are
	 * released.
	 */
	@Override
	public void onRemoved(List<BackendCondition> gone, PoolSet current) {
		for (BackendCondition backend : gone) {
			InetSocketAddress server = address(backend.key().url());
			boolean used = current.all()
				.stream()
				.flatMap((pool) -> pool.backends().stream())
				.anyMatch((other) -> address(other.url()).equals(server));
			if (!used) {
				this.client.getObject().configuration().connectionProvider().disposeWhen(server);
			}
		}
	}

	private static InetSocketAddress address(URI url) {
		ServerAddress address = ServerAddress.of(url);
		int known = (address != null) ? address.port() : -1;
		int port = (known != -1) ? known : "https".equalsIgnoreCase(url.getScheme()) ? 443 : 80;
		return InetSocketAddress.createUnresolved((address != null) ? address.host() : "", port);
	}

}
