package dev.weir.upstream;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.resolver.AddressResolverGroup;
import org.jspecify.annotations.Nullable;
import reactor.netty.Connection;
import reactor.netty.http.client.HttpClient;

import dev.weir.request.RequestLoop;
import org.springframework.cloud.gateway.config.HttpClientProperties;
import org.springframework.cloud.gateway.route.Route;
import org.springframework.cloud.gateway.support.RouteMetadataUtils;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.http.server.reactive.ServerHttpRequestDecorator;

/**
 * The HTTP client for each call: Spring Cloud Gateway's, with the connect timeout of the
 * route's metadata, and with connections on the event loop of the client's own
 * connection. Otherwise each event of a stream would wake another thread to be passed on.
 */
public final class BackendClients {

	private final HttpClient client;

	private final HttpClientProperties properties;

	private final boolean perLoop;

	// twice as many as there are event loops and connect timeouts
	private final Map<Kind, HttpClient> clients = new ConcurrentHashMap<>();

	/**
	 * Makes one.
	 * @param client what all are made from
	 * @param properties its properties
	 */
	public BackendClients(HttpClient client, HttpClientProperties properties) {
		this.client = client;
		this.properties = properties;
		this.perLoop = ConnectionShare.of(properties.getPool()).isPerLoop();
	}

	/**
	 * The client for a call.
	 * @param route the route it came by
	 * @param request the request it came with
	 * @param fresh whether it needs a connection that was not used before
	 * @return the client
	 */
	public HttpClient of(Route route, ServerHttpRequest request, boolean fresh) {
		Kind kind = new Kind(this.perLoop ? RequestLoop.eventLoopOf(request) : null, connectTimeout(route), fresh);
		HttpClient known = this.clients.get(kind);
		return (known != null) ? known : this.clients.computeIfAbsent(kind, this::make);
	}

	private @Nullable Integer connectTimeout(Route route) {
		Object timeout = route.getMetadata().get(RouteMetadataUtils.CONNECT_TIMEOUT_ATTR);
		if (timeout == null) {
			return this.properties.getConnectTimeout();
		}
		return (timeout instanceof Integer millis) ? millis : Integer.valueOf(timeout.toString());
	}

	private HttpClient make(Kind kind) {
		HttpClient made = kind.fresh() ? FreshConnectionProvider.withNewConnections(this.client) : this.client;
		if (kind.loop() != null) {
			AddressResolverGroup<?> resolver = made.configuration().resolver();
			made = made.runOn(new SingleLoopResources(kind.loop()));
			// what it knows of names is for all
			made = (resolver != null) ? made.resolver(resolver) : made;
		}
		return (kind.connectTimeout() != null)
				? made.option(ChannelOption.CONNECT_TIMEOUT_MILLIS, kind.connectTimeout()) : made;
	}

	private record Kind(@Nullable EventLoop loop, @Nullable Integer connectTimeout, boolean fresh) {
	}

}
