package dev.weir.gateway;

import java.net.URI;
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

import dev.weir.openai.call.ApiCall;
import dev.weir.request.RequestContext;
import dev.weir.upstream.BackendClients;
import dev.weir.upstream.AttemptConnection;

/**
 * Spring Cloud Gateway's filter that calls a backend, with a shorter way for calls to
 * pools: the body goes out together with the head, and headers pass without being copied
 * from one kind of map to another for each filter that has nothing to do. Where a user
 * has added something that would notice, the gateway's own way is taken: another
 * {@code HttpHeadersFilter}, or a filter that has put a request of its own in the place
 * of the one that Weir wrote.
 * <p>
 * A server may close an idle connection while a request is on its way. Such a call is
 * made once more on a new connection, as RFC 9112, section 9.3.1, allows; to Weir it is
 * the same attempt. Not for calls that create something stored, since the server may have
 * read them.
 */
final class PoolRoutingFilter extends NettyRoutingFilter {

	private static final Logger logger = LoggerFactory.getLogger(PoolRoutingFilter.class);

	private final BackendClients clients;

	private final HeadersFilters others;

	PoolRoutingFilter(HttpClient client, ObjectProvider<List<HttpHeadersFilter>> headersFilters,
			HttpClientProperties properties) {
		super(client, headersFilters, properties);
		this.clients = new BackendClients(client, properties);
		this.others = new HeadersFilters(() -> getHeadersFilters());
	}

	@Override
	public Mono<Void> filter(ServerWebExchange exchange, GatewayFilterChain chain) {
		AttemptExchange attempt = AttemptExchange.in(exchange);
		if (attempt == null) {
			return super.filter(exchange, chain);
		}
		ApiCall call = RequestContext.of(exchange).call();
		AttemptConnection connection = attempt.connection();
		Mono<Void> routed = route(exchange, chain, connection);
		return (call.replayable() && !call.isUnsafeToRepeat())
				? routed.onErrorResume(connection::isStaleFailure, (error) -> again(exchange, chain, connection))
				: routed;
	}

	private Mono<Void> again(ServerWebExchange exchange, GatewayFilterChain chain, AttemptConnection connection) {
		logger.debug("The connection was closed when the request arrived; it is sent again on a new one");
		ServerWebExchangeUtils.removeAlreadyRouted(exchange);
		connection.requireNew();
		return route(exchange, chain, connection);
	}

	@Override
	protected HttpClient getHttpClient(Route route, ServerWebExchange exchange) {
		HttpClient client = super.getHttpClient(route, exchange);
		AttemptExchange attempt = AttemptExchange.in(exchange);
		if (attempt != null) {
			client = attempt.connection().track(client);
		}
		AttemptRequest request = AttemptRequest.in(exchange.getRequest());
		UploadProgress upload = (request != null) ? request.uploadProgress() : null;
		return (request == null || upload == null) ? client
				: client.doOnRequest((call, to) -> request.onConnected(to.channel()))
					.doAfterRequest((call, to) -> upload.complete());
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
		// java.net.URI knows no host with an underscore; the client's own parser does
		return ((uri.getHost() != null) ? sender.uri(uri) : sender.uri(uri.toString())).send((call, out) -> {
			out.withConnection(connection::begin);
			// the client asks for chunks as long as it knows no length
			call.requestHeaders().remove(HttpHeaderNames.TRANSFER_ENCODING).setAll(request.nettyHeaders());
			return send(request, call, out);
		}).responseConnection((response, from) -> {
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
		}).then(chain.filter(exchange)).contextWrite(UnaryOperator.identity());
	}

	private static Publisher<Void> send(AttemptRequest request, HttpClientRequest call, NettyOutbound out) {
		UploadProgress upload = request.uploadProgress();
		if (upload != null && !request.isSmall() && call instanceof Connection connection) {
			return out.send(upload.pace(request.parts(), connection.channel()));
		}
		if (upload != null) {
			upload.complete();
		}
		return out.sendObject(request.wholeBody());
	}

	/** Anything else would have to be encoded. */
	private static boolean isAscii(URI uri) {
		String text = uri.toString();
		for (int i = 0; i < text.length(); i++) {
			if (text.charAt(i) > 0x7E) {
				return false;
			}
		}
		return true;
	}

	/** Puts it in the place of the gateway's, but not of one that a user has made. */
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
