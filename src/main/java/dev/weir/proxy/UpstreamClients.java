package dev.weir.proxy;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

import io.netty.channel.ChannelOption;
import reactor.netty.http.client.HttpClient;

import org.springframework.cloud.gateway.config.HttpClientProperties;
import org.springframework.cloud.gateway.route.Route;
import org.springframework.cloud.gateway.support.RouteMetadataUtils;

/**
 * The HTTP client of each route: Spring Cloud Gateway's, with the connect timeout of the
 * route's metadata.
 */
final class UpstreamClients {

	private final HttpClient client;

	private final HttpClientProperties properties;

	// one for each connect timeout that routes have
	private final Map<Integer, HttpClient> byTimeout = new ConcurrentHashMap<>();

	UpstreamClients(HttpClient client, HttpClientProperties properties) {
		this.client = client;
		this.properties = properties;
	}

	HttpClient of(Route route) {
		Object timeout = route.getMetadata().get(RouteMetadataUtils.CONNECT_TIMEOUT_ATTR);
		timeout = (timeout != null) ? timeout : this.properties.getConnectTimeout();
		if (timeout == null) {
			return this.client;
		}
		Integer millis = (timeout instanceof Integer number) ? number : Integer.valueOf(timeout.toString());
		HttpClient known = this.byTimeout.get(millis);
		return (known != null) ? known : this.byTimeout.computeIfAbsent(millis,
				(it) -> this.client.option(ChannelOption.CONNECT_TIMEOUT_MILLIS, it));
	}

}
