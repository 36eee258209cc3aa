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
 * Spring Cloud Gateway's factory with two additional limits. The number of requests that
 * wait for a connection to a host is limited to the number of connections
 * ({@code spring.cloud.gateway.server.webflux.httpclient.pool.max-connections}, divided
 * as in {@link ConnectionShare}); without that limit any number of requests could wait
 * for a fixed pool, each with its body in memory. And
 * {@code …httpclient.ssl.handshake-timeout} applies even if no other TLS setting is
 * present.
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
		// requests do not wait for pools of the other types
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
