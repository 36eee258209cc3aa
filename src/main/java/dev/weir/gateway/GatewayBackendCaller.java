package dev.weir.gateway;

import java.net.URI;
import java.time.Duration;

import org.springframework.cloud.gateway.support.ServerWebExchangeUtils;
import org.springframework.cloud.gateway.route.Route;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

import org.springframework.cloud.gateway.filter.GatewayFilterChain;
import org.springframework.cloud.gateway.support.NotFoundException;
import org.springframework.http.HttpStatus;
import org.springframework.web.server.ServerWebExchange;

import dev.weir.backend.PoolSet;
import dev.weir.credential.Credential;
import dev.weir.credential.CredentialException;
import dev.weir.credential.CredentialHeader;
import dev.weir.failover.BackendCaller;
import dev.weir.response.BackendResponse;
import dev.weir.failover.NoLaneException;
import dev.weir.request.Patience;
import dev.weir.request.RequestContext;
import dev.weir.upstream.BackendEndpoints;

/**
 * Makes an attempt by running the rest of the gateway's filter chain: these filters
 * choose a lane, write the request for it, send it and receive the head of the response.
 */
final class GatewayBackendCaller implements BackendCaller {

	private final ServerWebExchange exchange;

	private final GatewayFilterChain chain;

	private final BackendCallers shared;

	private final URI uri;

	private @Nullable AttemptExchange last;

	/**
	 * Creates the caller of one request.
	 * @param exchange the client's exchange
	 * @param chain the rest of the filter chain
	 * @param shared the objects that all callers use
	 * @param pool the name of the pool
	 */
	GatewayBackendCaller(ServerWebExchange exchange, GatewayFilterChain chain, BackendCallers shared, String pool) {
		this.exchange = exchange;
		this.chain = chain;
		this.shared = shared;
		this.uri = URI.create("lb://" + pool + "/");
	}

	@Override
	public Mono<BackendResponse> call(RequestContext context) {
		return send(context)
			.flatMap((response) -> mayRenewToken(context, response) ? renew(context, response) : Mono.just(response));
	}

	private Mono<BackendResponse> send(RequestContext context) {
		AttemptExchange attempt = new AttemptExchange(this.exchange, this.uri);
		this.last = attempt;
		// closes the connection at the release of the request, also if the response
		// arrives later
		context.discardOnRelease(attempt::close);
		Mono<AttemptExchange> sent = this.chain.filter(attempt).thenReturn(attempt);
		return context.loop()
			.deliver(sent, AttemptExchange::close)
			.map((it) -> it.takeResponse(context))
			.doOnNext((response) -> LocationHeaders.relay(this.exchange, context, response, endpoint(context).base()))
			.doOnNext(context::discardOnRelease)
			.doOnError((error) -> attempt.close())
			.doOnCancel(attempt::close)
			.onErrorMap(NotFoundException.class,
					(error) -> (context.failover().attempts().current() == null) ? new NoLaneException() : error);
	}

	@Override
	public @Nullable Duration patience() {
		return Patience.of(this.exchange.getRequest().getHeaders());
	}

	private boolean mayRenewToken(RequestContext context, BackendResponse response) {
		return response.status() == HttpStatus.UNAUTHORIZED.value() && context.call().replayable()
				&& context.issuedKey() == null && credential(context).fixedHeader() == null;
	}

	/**
	 * Requests a new token, since the one that was sent may have been revoked before it
	 * expired. If the token has changed, sends the request again. Both exchanges belong
	 * to the same attempt.
	 */
	private Mono<BackendResponse> renew(RequestContext context, BackendResponse refused) {
		Credential credential = credential(context);
		CredentialHeader used = (this.last != null) ? this.last.credential() : null;
		if (used == null) {
			return Mono.just(refused);
		}
		Mono<Boolean> renewed = credential.refresh(used)
			.onErrorResume(CredentialException.class, (ex) -> Mono.just(false))
			.defaultIfEmpty(false);
		return context.loop()
			.deliver(renewed, (changed) -> refused.dispose())
			.flatMap((changed) -> changed ? refused.discard().then(Mono.defer(() -> send(context)))
					: Mono.just(refused));
	}

	private Credential credential(RequestContext context) {
		return endpoint(context).credential();
	}

	private BackendEndpoints.Endpoint endpoint(RequestContext context) {
		return this.shared.endpoints().of(context.failover().attempts().requireCurrent().lane().backend());
	}

	/**
	 * Replaces the route of the request by the same route of the next configuration,
	 * which has the connect timeout of that configuration.
	 */
	@Override
	public boolean moveTo(PoolSet next) {
		Route route = this.exchange.getAttribute(ServerWebExchangeUtils.GATEWAY_ROUTE_ATTR);
		Route same = (route != null) ? this.shared.routes().after(route, next) : null;
		if (same == null) {
			return false;
		}
		this.exchange.getAttributes().put(ServerWebExchangeUtils.GATEWAY_ROUTE_ATTR, same);
		return true;
	}

	@Override
	public boolean hasReplied() {
		return this.last != null && this.last.getResponse().isCommitted();
	}

	/**
	 * Copies what the filters of the last attempt have left for the client. The attempt
	 * must have ended or its response must have been chosen.
	 */
	void publish() {
		if (this.last != null) {
			this.last.publish(this.exchange);
		}
	}

}
