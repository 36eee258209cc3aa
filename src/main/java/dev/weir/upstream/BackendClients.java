package dev.weir.upstream;

import java.util.Collection;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

import io.netty.channel.ChannelOption;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.resolver.AddressResolverGroup;
import org.jspecify.annotations.Nullable;
import reactor.netty.Connection;
import reactor.netty.http.HttpProtocol;
import reactor.netty.http.client.HttpClient;

import dev.weir.request.ClientConnection;
import org.springframework.cloud.gateway.config.HttpClientProperties;
import org.springframework.cloud.gateway.route.Route;
import org.springframework.cloud.gateway.support.RouteMetadataUtils;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.http.server.reactive.ServerHttpRequestDecorator;

/**
 * The HTTP clients for attempts: Spring Cloud Gateway's client with the connect timeout
 * of the route's metadata, and with connections on the event loop of the client's
 * connection. With another event loop, each event of a stream would have to pass from one
 * thread to another.
 */
public final class BackendClients {

	private final HttpClient client;

	private final HttpClientProperties properties;

	private final boolean perLoop;

	// at most two for each event loop and connect timeout of a route
	private final Map<Kind, HttpClient> clients = new ConcurrentHashMap<>();

	/**
	 * Creates the clients.
	 * @param client the client that all are derived from
	 * @param properties the properties of that client
	 */
	public BackendClients(HttpClient client, HttpClientProperties properties) {
		this.client = client;
		this.properties = properties;
		this.perLoop = ConnectionShare.of(properties.getPool()).isPerLoop();
	}

	/**
	 * Derives a client that opens a new connection for each request. TLS, name resolution
	 * and proxy stay those of the client.
	 * @param client the client for backends
	 * @return the derived client
	 */
	public static HttpClient withNewConnections(HttpClient client) {
		return FreshConnectionProvider.withNewConnections(client);
	}

	/**
	 * The client for an attempt.
	 * @param route the route of the request
	 * @param request the client's request
	 * @param fresh whether the attempt needs a new connection
	 * @return the client
	 */
	public HttpClient of(Route route, ServerHttpRequest request, boolean fresh) {
		Channel connection = this.perLoop ? ClientConnection.of(request) : null;
		Kind kind = new Kind((connection != null) ? connection.eventLoop() : null, connectTimeout(route), fresh);
		HttpClient known = this.clients.get(kind);
		return (known != null) ? known : this.clients.computeIfAbsent(kind, this::make);
	}

	/**
	 * The client for a WebSocket: on the event loop of the client's connection, with a
	 * connection that is not pooled, since no other request can use it.
	 * @param route the route of the request
	 * @param request the client's request
	 * @return the client
	 */
	public HttpClient ofWebSocket(Route route, ServerHttpRequest request) {
		Channel connection = ClientConnection.of(request);
		Kind kind = new Kind((connection != null) ? connection.eventLoop() : null, connectTimeout(route), true);
		return this.clients.computeIfAbsent(kind, this::make).protocol(HttpProtocol.HTTP11);
	}

	/**
	 * Forgets the clients with connect timeouts that no route has any more.
	 * @param routes the current routes
	 */
	public void retain(Collection<Route> routes) {
		Set<@Nullable Integer> used = new HashSet<>();
		used.add(this.properties.getConnectTimeout());
		routes.forEach((route) -> used.add(connectTimeout(route)));
		this.clients.keySet().removeIf((kind) -> !used.contains(kind.connectTimeout()));
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
			// the cache of resolved names is shared by all event loops
			made = (resolver != null) ? made.resolver(resolver) : made;
		}
		return (kind.connectTimeout() != null)
				? made.option(ChannelOption.CONNECT_TIMEOUT_MILLIS, kind.connectTimeout()) : made;
	}

	private record Kind(@Nullable EventLoop loop, @Nullable Integer connectTimeout, boolean fresh) {
	}

}
