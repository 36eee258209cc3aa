package dev.weir.upstream;

import java.util.List;

import reactor.netty.http.Http11SslContextSpec;
import reactor.netty.http.Http2SslContextSpec;
import reactor.netty.http.client.HttpClient;
import reactor.netty.resources.ConnectionProvider;
import reactor.netty.tcp.SslProvider;

import org.springframework.boot.web.server.autoconfigure.ServerProperties;
import org.springframework.cloud.gateway.config.HttpClientCustomizer;
import org.springframework.cloud.gateway.config.HttpClientFactory;
import org.springframework.cloud.gateway.config.HttpClientProperties;
import org.springframework.cloud.gateway.config.HttpClientProperties.Pool.PoolType;
import org.springframework.cloud.gateway.config.HttpClientSslConfigurer;

/**
 * Spring Cloud Gateway's own factory, with two bounds more. As many requests may wait for
 * a connection to a host as there may be connections to it
 * ({@code spring.cloud.gateway.server.webflux.httpclient.pool.max-connections}, shared as
 * {@link ConnectionShare} says); without that a fixed pool lets any number wait, each
 * with its body in memory. And {@code …httpclient.ssl.handshake-timeout} counts where
 * nothing else is set of TLS, too.
 */
final class BackendClientFactory extends HttpClientFactory {

	BackendClientFactory(HttpClientProperties properties, ServerProperties serverProperties,
			HttpClientSslConfigurer sslConfigurer, List<HttpClientCustomizer> customizers) {
		super(properties, serverProperties, sslConfigurer, customizers);
	}

	@Override
	protected ConnectionProvider buildConnectionProvider(HttpClientProperties properties) {
		return new FreshConnectionProvider(pooled(super.buildConnectionProvider(properties), properties));
	}

	private static ConnectionProvider pooled(ConnectionProvider provider, HttpClientProperties properties) {
		// in the other types there is nothing to wait for
		if (properties.getPool().getType() != PoolType.FIXED) {
			return provider;
		}
		ConnectionProvider.Builder builder = provider.mutate();
		if (builder == null) {
			throw new IllegalStateException("The connection pool cannot be bounded");
		}
		ConnectionProvider all = bounded(builder, properties.getPool().getMaxConnections());
		ConnectionShare share = ConnectionShare.of(properties.getPool());
		return share.isPerLoop() ? new LoopAwareConnectionProvider(all, bounded(builder, share.connections())) : all;
	}

	private static ConnectionProvider bounded(ConnectionProvider.Builder builder, int connections) {
		return builder.maxConnections(connections).pendingAcquireMaxCount(connections).build();
	}

	@Override
	protected HttpClient configureSsl(HttpClient client) {
		HttpClient configured = super.configureSsl(client);
		if (configured.configuration().isSecure()) {
			return configured;
		}
		SslProvider.GenericSslContextSpec<?> context = this.serverProperties.getHttp2().isEnabled()
				? Http2SslContextSpec.forClient() : Http11SslContextSpec.forClient();
		return configured.secure(
				(spec) -> spec.sslContext(context).handshakeTimeout(this.properties.getSsl().getHandshakeTimeout()));
	}

}
