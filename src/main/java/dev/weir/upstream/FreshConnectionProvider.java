package dev.weir.upstream;

import java.net.SocketAddress;
import java.util.Map;
import java.util.function.Supplier;

import io.netty.resolver.AddressResolverGroup;
import io.netty.util.AttributeKey;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.netty.Connection;
import reactor.netty.ConnectionObserver;
import reactor.netty.http.client.HttpClient;
import reactor.netty.resources.ConnectionProvider;
import reactor.netty.transport.TransportConfig;

/**
 * Provides pooled connections, and new ones for requests that must not use a pooled
 * connection. A new connection is closed after its request.
 *
 * @param pooled the provider of pooled connections
 */
record FreshConnectionProvider(ConnectionProvider pooled) implements ConnectionProvider {

	private static final AttributeKey<Boolean> FRESH = AttributeKey.valueOf(FreshConnectionProvider.class, "FRESH");

	/**
	 * Derives a client that opens a new connection for each request. TLS, name resolution
	 * and event loop stay those of the client.
	 * @param client a client that uses this provider
	 * @return the derived client
	 */
	static HttpClient withNewConnections(HttpClient client) {
		return client.attr(FRESH, true);
	}

	@Override
	public Mono<? extends Connection> acquire(TransportConfig config, ConnectionObserver observer,
			@Nullable Supplier<? extends SocketAddress> remote, @Nullable AddressResolverGroup<?> resolver) {
		ConnectionProvider from = config.attributes().containsKey(FRESH) ? ConnectionProvider.newConnection()
				: this.pooled;
		return from.acquire(config, observer, remote, resolver);
	}

	@Override
	public void disposeWhen(SocketAddress address) {
		this.pooled.disposeWhen(address);
	}

	@Override
	public Mono<Void> disposeLater() {
		return this.pooled.disposeLater();
	}

	@Override
	public boolean isDisposed() {
		return this.pooled.isDisposed();
	}

	@Override
	public int maxConnections() {
		return this.pooled.maxConnections();
	}

	@Override
	public @Nullable Map<SocketAddress, Integer> maxConnectionsPerHost() {
		return this.pooled.maxConnectionsPerHost();
	}

	@Override
	public @Nullable Builder mutate() {
		return this.pooled.mutate();
	}

	@Override
	public @Nullable String name() {
		return this.pooled.name();
	}

}
