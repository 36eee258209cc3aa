package dev.weir.gateway;

import java.net.URI;
import java.util.Collection;
import java.util.List;
import java.util.function.UnaryOperator;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import org.reactivestreams.Publisher;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;
import reactor.netty.Connection;
import reactor.netty.NettyOutbound;
import reactor.netty.http.client.HttpClient;
import reactor.netty.http.client.HttpClientRequest;
import reactor.netty.http.client.HttpClientResponse;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.cloud.gateway.config.HttpClientProperties;
import org.springframework.cloud.gateway.filter.GatewayFilterChain;
import org.springframework.cloud.gateway.filter.NettyRoutingFilter;
import org.springframework.cloud.gateway.filter.headers.HttpHeadersFilter;
import org.springframework.cloud.gateway.route.Route;
import org.springframework.cloud.gateway.support.ServerWebExchangeUtils;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.util.StringUtils;
import org.springframework.web.server.ServerWebExchange;

import dev.weir.inbound.ClientHandshake;
import dev.weir.openai.call.ApiCall;
import dev.weir.websocket.BackendHandshake;
import dev.weir.request.RequestContext;
import dev.weir.upstream.BackendClients;
import dev.weir.upstream.AttemptConnection;

/**
 * Spring Cloud Gateway's filter that sends a request, with a shortcut for requests to
 * pools: head and body are written together, and headers are not copied between map types
 * for headers filters that have no effect. The gateway's own code is used where a user
 * has added an {@code HttpHeadersFilter}, or a filter that replaces Weir's request.
 * <p>
 * A server may close an idle connection while a request is on its way. The request is
 * then sent once more on a new connection, as RFC 9112, section 9.3.1, allows, within the
 * same attempt. A request that creates a stored object is not sent again, since the
 * server may have read it.
 */
final class PoolRoutingFilter extends NettyRoutingFilter {

	private static final Logger logger = LoggerFactory.getLogger(PoolRoutingFilter.class);

	private final BackendClients clients;

	private final HeadersFilterCheck others;

	PoolRoutingFilter(HttpClient client, ObjectProvider<List<HttpHeadersFilter>> headersFilters,
			HttpClientProperties properties) {
		super(client, headersFilters, properties);
		this.clients = new BackendClients(client, properties);
		this.others = new HeadersFilterCheck(() -> getHeadersFilters());
	}

	/**
	 * Forgets the HTTP clients of previous routes.
	 * @param routes the current routes
	 */
	void onRoutesReplaced(Collection<Route> routes) {
		this.clients.retain(routes);
	}

	@Override
	public Mono<Void> filter(ServerWebExchange exchange, GatewayFilterChain chain) {
		AttemptExchange attempt = AttemptExchange.in(exchange);
		if (attempt == null) {
			return super.filter(exchange, chain);
		}
		ApiCall call = RequestContext.of(exchange).call();
		AttemptConnection connection = attempt.connection();
		if (call.isHandshake()) {
			return routeHandshake(exchange, chain);
		}
		Mono<Void> routed = route(exchange, chain, connection);
		return (call.replayable() && !call.isUnsafeToRepeat())
				? routed.onErrorResume(connection::isStaleFailure, (error) -> sendAgain(exchange, chain, connection))
				: routed;
	}

	private Mono<Void> sendAgain(ServerWebExchange exchange, GatewayFilterChain chain, AttemptConnection connection) {
		logger.debug(
				"The backend closed an idle connection before it read the request; sending the request on a new connection");
		ServerWebExchangeUtils.removeAlreadyRouted(exchange);
		connection.requireNew();
		return route(exchange, chain, connection);
	}

	@Override
	protected HttpClient getHttpClient(Route route, ServerWebExchange exchange) {
		AttemptExchange attempt = AttemptExchange.in(exchange);
		if (attempt == null) {
			return super.getHttpClient(route, exchange);
		}
		AttemptConnection connection = attempt.connection();
		HttpClient client = connection.track(this.clients.of(route, exchange.getRequest(), connection.isNewRequired()));
		AttemptRequest request = AttemptRequest.in(exchange.getRequest());
		UploadProgress upload = (request != null) ? request.uploadProgress() : null;
		return (request == null || upload == null) ? client
				: client.doOnRequest((outgoing, to) -> request.onConnected(to.channel()))
					.doAfterRequest((outgoing, to) -> upload.complete());
	}

	private Mono<Void> route(ServerWebExchange exchange, GatewayFilterChain chain, AttemptConnection connection) {
		URI uri = exchange.getRequiredAttribute(ServerWebExchangeUtils.GATEWAY_REQUEST_URL_ATTR);
		if (!(exchange.getRequest() instanceof AttemptRequest request) || !request.hasWholeBody()
				|| this.others.hasActive() || ServerWebExchangeUtils.isAlreadyRouted(exchange) || !isAscii(uri)) {
			return super.filter(exchange, chain);
		}
		ServerWebExchangeUtils.setAlreadyRouted(exchange);
		Route route = exchange.getRequiredAttribute(ServerWebExchangeUtils.GATEWAY_ROUTE_ATTR);
		HttpClient.RequestSender sender = this.clients.of(route, request, connection.isNewRequired())
			.request(HttpMethod.valueOf(request.getMethod().name()));
		// java.net.URI finds no host in a name with an underscore; Reactor Netty does
		return ((uri.getHost() != null) ? sender.uri(uri) : sender.uri(uri.toString())).send((outgoing, out) -> {
			out.withConnection(connection::begin);
			// Reactor Netty sets chunked encoding before it knows the length
			outgoing.requestHeaders().remove(HttpHeaderNames.TRANSFER_ENCODING).setAll(request.nettyHeaders());
			return send(request, outgoing, out);
		})
			.responseConnection((response, from) -> onResponse(exchange, response, from))
			.then(chain.filter(exchange))
			.contextWrite(UnaryOperator.identity());
	}

	/** Asks a backend for a WebSocket. */
	private Mono<Void> routeHandshake(ServerWebExchange exchange, GatewayFilterChain chain) {
		URI uri = exchange.getRequiredAttribute(ServerWebExchangeUtils.GATEWAY_REQUEST_URL_ATTR);
		Route route = exchange.getRequiredAttribute(ServerWebExchangeUtils.GATEWAY_ROUTE_ATTR);
		AttemptRequest request = AttemptRequest.in(exchange.getRequest());
		if (request == null) {
			return Mono.error(new IllegalStateException("A filter has replaced the request of a handshake"));
		}
		ServerWebExchangeUtils.setAlreadyRouted(exchange);
		BackendHandshake handshake = BackendHandshake
			.begin(ClientHandshake.of(request.getDelegate().getHeaders()).protocols());
		UploadProgress upload = request.uploadProgress();
		return this.clients.ofWebSocket(route, request).headers((headers) -> {
			headers.set(request.nettyHeaders());
			handshake.addHeaders(headers);
		}).doOnRequest((outgoing, to) -> handshake.observe(to.channel())).doAfterRequest((outgoing, to) -> {
			if (upload != null) {
				upload.complete();
			}
		})
			.get()
			.uri(uri.toString())
			.responseConnection((response, from) -> onResponse(exchange, response, from))
			.then(chain.filter(exchange));
	}

	private static Publisher<HttpClientResponse> onResponse(ServerWebExchange exchange, HttpClientResponse response,
			Connection from) {
		exchange.getAttributes().put(ServerWebExchangeUtils.CLIENT_RESPONSE_ATTR, response);
		exchange.getAttributes().put(ServerWebExchangeUtils.CLIENT_RESPONSE_CONN_ATTR, from);
		String type = response.responseHeaders().get(HttpHeaderNames.CONTENT_TYPE);
		if (StringUtils.hasLength(type)) {
			exchange.getAttributes().put(ServerWebExchangeUtils.ORIGINAL_RESPONSE_CONTENT_TYPE_ATTR, type);
		}
		ServerHttpResponse client = exchange.getResponse();
		client.setRawStatusCode(response.status().code());
		ResponseHeaders.copy(response.responseHeaders(), client.getHeaders());
		return Mono.just(response);
	}

	private static Publisher<Void> send(AttemptRequest request, HttpClientRequest outgoing, NettyOutbound out) {
		UploadProgress upload = request.uploadProgress();
		if (upload != null && !request.isSmall() && outgoing instanceof Connection connection) {
			return out.send(upload.pace(request.parts(), connection.channel()));
		}
		if (upload != null) {
			upload.complete();
		}
		return out.sendObject(request.wholeBody());
	}

	/** Other URIs must be encoded, which the gateway's own code does. */
	private static boolean isAscii(URI uri) {
		String text = uri.toString();
		for (int i = 0; i < text.length(); i++) {
			if (text.charAt(i) > 0x7E) {
				return false;
			}
		}
		return true;
	}

	/** Replaces the gateway's filter, but not a subclass that a user has defined. */
	static final class Installer implements BeanPostProcessor {

		private final ObjectProvider<HttpClient> client;

		private final ObjectProvider<List<HttpHeadersFilter>> headersFilters;

		private final ObjectProvider<HttpClientProperties> properties;

		Installer(ObjectProvider<HttpClient> client, ObjectProvider<List<HttpHeadersFilter>> headersFilters,
				ObjectProvider<HttpClientProperties> properties) {
			this.client = client;
			this.headersFilters = headersFilters;
			this.properties = properties;
		}

		@Override
		public Object postProcessAfterInitialization(Object bean, String beanName) {
			return (bean.getClass() == NettyRoutingFilter.class)
					? new PoolRoutingFilter(this.client.getObject(), this.headersFilters, this.properties.getObject())
					: bean;
		}

	}

}
