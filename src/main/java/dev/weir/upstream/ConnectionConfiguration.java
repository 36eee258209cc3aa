package dev.weir.upstream;

import java.util.List;

import com.github.benmanes.caffeine.cache.Ticker;
import io.netty.resolver.dns.DnsServerAddressStreamProvider;
import reactor.core.scheduler.Scheduler;
import reactor.netty.http.client.HttpClient;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.web.server.autoconfigure.ServerProperties;
import org.springframework.cloud.gateway.config.HttpClientCustomizer;
import org.springframework.cloud.gateway.config.HttpClientFactory;
import org.springframework.cloud.gateway.config.HttpClientProperties;
import org.springframework.cloud.gateway.config.HttpClientSslConfigurer;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.annotation.Order;

import dev.weir.memory.OutOfMemoryHandler;
import dev.weir.backend.Pools;
import dev.weir.credential.CredentialProvider;

/**
 * The HTTP client for connections to backends: options that Spring Cloud Gateway's
 * properties {@code spring.cloud.gateway.server.webflux.httpclient} cannot set.
 */
@Configuration(proxyBeanMethods = false)
class ConnectionConfiguration {

	@Bean
	HttpClientFactory backendClientFactory(HttpClientProperties properties, ServerProperties serverProperties,
			HttpClientSslConfigurer sslConfigurer, List<HttpClientCustomizer> customizers) {
		return new BackendClientFactory(properties, serverProperties, sslConfigurer, customizers);
	}

	@Bean
	@Order(0)
	HttpClientCustomizer nameResolution(ObjectProvider<DnsServerAddressStreamProvider> servers) {
		return new NameResolution(servers.getIfAvailable());
	}

	@Bean
	@Order(0)
	HttpClientCustomizer connectionOptions(Ticker ticker) {
		return (client) -> client.doOnChannelInit(new TcpKeepAlive())
			.doOnChannelInit(new BackendBufferConfigurer())
			.doOnChannelInit(new OutOfMemoryHandler())
			.doOnChannelInit(InterimResponseHandler.installer())
			.doOnChannelInit(StaleConnectionDetector.installer(ticker));
	}

	/**
	 * Switches off retries, which only the failover loop makes, and redirects, which
	 * could send a credential to another host. It has the lowest precedence, so that no
	 * other customizer can switch them on again.
	 */
	@Bean
	HttpClientCustomizer noRetriesOrRedirects() {
		return (client) -> client.disableRetry(true).followRedirect(false);
	}

	@Bean
	BackendEndpoints backendEndpoints(Pools pools, CredentialProvider credentials) {
		return new BackendEndpoints(pools, credentials);
	}

	@Bean
	ModelListCache modelListCache(BackendEndpoints endpoints, ObjectProvider<HttpClient> client, Scheduler timers,
			Ticker ticker) {
		return new ModelListCache(endpoints, client, timers, ticker);
	}

	@Bean
	BackendConnections backendConnections(ObjectProvider<HttpClient> client) {
		return new BackendConnections(client);
	}

}
