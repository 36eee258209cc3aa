package dev.weir.gateway;

import java.util.Optional;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;

import org.springframework.cloud.gateway.filter.GatewayFilterChain;
import org.springframework.cloud.gateway.filter.GlobalFilter;
import org.springframework.cloud.gateway.filter.ReactiveLoadBalancerClientFilter;
import org.springframework.cloud.gateway.support.ServerWebExchangeUtils;
import org.springframework.core.Ordered;
import org.springframework.http.HttpMethod;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.web.server.ServerWebExchange;

import dev.weir.backend.Attempt;
import dev.weir.backend.Backend;
import dev.weir.backend.DurationText;
import dev.weir.backend.Lane;
import dev.weir.backend.UsageOption;
import dev.weir.backend.Outcome;
import dev.weir.backend.OutcomeException;
import dev.weir.credential.CredentialException;
import dev.weir.credential.CredentialHeader;
import dev.weir.request.Attempts;
import dev.weir.request.Binding;
import dev.weir.request.IssuedKey;
import dev.weir.request.RequestContext;
import dev.weir.request.Reservation;
import dev.weir.upstream.BackendRequest;
import dev.weir.upstream.RequestHeaders;
import dev.weir.upstream.BackendEndpoints;

/**
 * Writes the request for the chosen backend: in the backend's dialect, with its
 * credential and only the headers it may receive. Each attempt starts from the client's
 * request.
 */
final class BackendRequestFilter implements GlobalFilter, Ordered {

	/** Directly after the filter that chooses a lane. */
	static final int ORDER = ReactiveLoadBalancerClientFilter.LOAD_BALANCER_CLIENT_FILTER_ORDER + 1;

	private static final Logger logger = LoggerFactory.getLogger(BackendRequestFilter.class);

	private final BackendEndpoints endpoints;

	BackendRequestFilter(BackendEndpoints endpoints) {
		this.endpoints = endpoints;
	}

	@Override
	public int getOrder() {
		return ORDER;
	}

	@Override
	public Mono<Void> filter(ServerWebExchange exchange, GatewayFilterChain chain) {
		AttemptExchange attempt = AttemptExchange.in(exchange);
		if (attempt == null) {
			return chain.filter(exchange);
		}
		RequestContext context = RequestContext.of(exchange);
		if (!context.loop().isCurrent()) {
			// another load balancer may choose on another thread
			return context.loop().confine(Mono.defer(() -> filter(exchange, chain)));
		}
		Attempt begun = context.failover().attempts().requireCurrent();
		Backend backend = begun.lane().backend();
		begun.askForUsage(mustAskForUsage(context, begun.lane()));
		BackendEndpoints.Endpoint endpoint = this.endpoints.of(backend);
		BackendRequest request = BackendRequest.write(context.call(), backend, endpoint.base(),
				begun.hasAskedForUsage());
		IssuedKey issued = context.issuedKey();
		CredentialHeader fixed = (issued != null)
				? new CredentialHeader(HttpHeaderNames.AUTHORIZATION.toString(), "Bearer " + issued.key().reveal())
				: endpoint.credential().fixedHeader();
		if (fixed != null) {
			attempt.credential(fixed);
			return send(exchange, chain, context, request, fixed);
		}
		Mono<Optional<CredentialHeader>> credential = endpoint.credential()
			.header()
			.onErrorMap(CredentialException.class,
					(ex) -> new OutcomeException(new Outcome.NoCredential(String.valueOf(ex.getMessage()))))
			.map(Optional::of)
			.defaultIfEmpty(Optional.empty());
		return context.loop().deliver(credential).flatMap((header) -> {
			attempt.credential(header.orElse(null));
			return send(exchange, chain, context, request, header.orElse(null));
		});
	}

	private static Mono<Void> send(ServerWebExchange exchange, GatewayFilterChain chain, RequestContext context,
			BackendRequest request, @Nullable CredentialHeader credential) {
		Attempt attempt = context.failover().attempts().requireCurrent();
		Backend backend = attempt.lane().backend();
		logger.info("Proxying to {} ({}, attempt {}{}) [{}]", request.url(), backend.name(),
				context.failover().attempts().count(),
				attempt.hasStarted() ? ", sent again with a new token" : reason(context) + bound(context),
				context.id());
		exchange.getAttributes().put(ServerWebExchangeUtils.GATEWAY_REQUEST_URL_ATTR, request.uri());
		// the client's Host names Weir; the backend must get its own
		exchange.getAttributes().remove(ServerWebExchangeUtils.PRESERVE_HOST_HEADER_ATTRIBUTE);
		attempt.onSendStart();
		ServerHttpRequest client = exchange.getRequest();
		UploadProgress progress = new UploadProgress(context, request.body() == null);
		HttpHeaders headers = RequestHeaders.from(client.getHeaders(), context.pool().properties().forwardHeaders(),
				backend::deployment);
		long length = (request.body() != null) ? request.length() : client.getHeaders().getContentLength();
		if (length > 0 || (length == 0 && needsZeroLength(client.getMethod()))) {
			headers.set(HttpHeaderNames.CONTENT_LENGTH, length);
		}
		if (credential != null) {
			headers.set(credential.name(), credential.value());
		}
		AttemptRequest outgoing = new AttemptRequest(client, headers, request.body(), progress);
		Mono<Void> sent = chain.filter(exchange.mutate().request(outgoing).build());
		ResponseHeadTimeout timeout = new ResponseHeadTimeout(context, progress.completion(), outgoing.isSmall(),
				exchange.getResponse()::isCommitted);
		if (context.call().isHandshake()) {
			return timeout.boundHandshake(sent);
		}
		return context.call().isStream() ? timeout.boundStream(sent) : timeout.bound(sent);
	}

	private static boolean mustAskForUsage(RequestContext context, Lane lane) {
		Reservation reservation = context.reservation();
		return reservation != null && reservation.asksForUsage() && lane.usageOption() != UsageOption.REFUSED;
	}

	/** Without a length, Reactor Netty would send an empty chunked body. */
	private static boolean needsZeroLength(HttpMethod method) {
		return method != HttpMethod.GET && method != HttpMethod.HEAD && method != HttpMethod.DELETE;
	}

	private static String bound(RequestContext context) {
		Binding binding = context.binding();
		if (binding == null) {
			return "";
		}
		return binding.isHome() ? ", the home of its client" : ", which has " + binding.objects().get(0);
	}

	private static String reason(RequestContext context) {
		String wait = (context.failover().waited().toMillis() == 0) ? ""
				: ", after waiting " + DurationText.of(context.failover().waited());
		Attempts.Ended last = context.failover().attempts().last();
		if (last == null) {
			return wait;
		}
		Lane lane = last.lane();
		String cooldown = lane.cooldownLeft().isZero() ? ""
				: ", which is in cooldown for " + DurationText.of(lane.cooldownLeft());
		return ", after " + last.outcome().description() + " from " + lane.backend().name() + cooldown + wait;
	}

}
