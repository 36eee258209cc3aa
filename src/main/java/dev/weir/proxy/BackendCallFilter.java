package dev.weir.proxy;

import java.util.Optional;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

import org.springframework.cloud.gateway.filter.GatewayFilterChain;
import org.springframework.cloud.gateway.filter.GlobalFilter;
import org.springframework.cloud.gateway.filter.ReactiveLoadBalancerClientFilter;
import org.springframework.cloud.gateway.support.ServerWebExchangeUtils;
import org.springframework.core.Ordered;
import org.springframework.http.HttpMethod;
import org.springframework.http.HttpStatus;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.web.server.ServerWebExchange;

import dev.weir.backend.Attempt;
import dev.weir.backend.Attempts;
import dev.weir.backend.Backend;
import dev.weir.backend.Durations;
import dev.weir.backend.Lane;
import dev.weir.backend.Outcome;
import dev.weir.backend.OutcomeException;
import dev.weir.config.PoolProperties;
import dev.weir.credential.Credential;
import dev.weir.credential.CredentialException;
import dev.weir.credential.CredentialHeader;
import dev.weir.openai.call.ApiCall;
import dev.weir.request.RequestId;

/**
 * Writes the call for the backend that was chosen: in its dialect, with its own
 * credential, with the headers it may see. Starts from the client's call every time.
 */
final class BackendCallFilter implements GlobalFilter, Ordered {

	/** Just after a lane was chosen. */
	static final int ORDER = ReactiveLoadBalancerClientFilter.LOAD_BALANCER_CLIENT_FILTER_ORDER + 1;

	private static final Logger logger = LoggerFactory.getLogger(BackendCallFilter.class);

	private final Upstreams upstreams;

	private final Scheduler timers;

	BackendCallFilter(Upstreams upstreams, Scheduler timers) {
		this.upstreams = upstreams;
		this.timers = timers;
	}

	@Override
	public int getOrder() {
		return ORDER;
	}

	@Override
	public Mono<Void> filter(ServerWebExchange exchange, GatewayFilterChain chain) {
		if (!(exchange.getAttribute(Attempts.ATTRIBUTE) instanceof Attempts attempts)) {
			return chain.filter(exchange);
		}
		Attempt attempt = attempts.current();
		if (attempt == null) {
			return Mono.error(new IllegalStateException("No lane was chosen"));
		}
		Backend backend = attempt.lane().backend();
		ApiCall call = exchange.getRequiredAttribute(ApiCall.ATTRIBUTE);
		Upstreams.Upstream all = this.upstreams.of(backend);
		UpstreamCall upstream = UpstreamCall.write(call, backend, all.base());
		Credential credential = all.credential();
		CredentialHeader fixed = credential.fixedHeader();
		if (fixed != null) {
			log(exchange, upstream, backend, attempts);
			return send(exchange, chain, upstream, fixed);
		}
		return credential.header()
			.onErrorMap(CredentialException.class,
					(ex) -> new OutcomeException(new Outcome.NoCredential(String.valueOf(ex.getMessage()))))
			.map(Optional::of)
			.defaultIfEmpty(Optional.empty())
			.doOnNext((header) -> log(exchange, upstream, backend, attempts))
			.flatMap((header) -> send(exchange, chain, upstream, header.orElse(null))
				.then(Mono.defer(() -> (header.isPresent() && call.replayable() && isUnauthorized(exchange))
						? renewed(exchange, chain, upstream, credential, header.get()) : Mono.empty())));
	}

	private static void log(ServerWebExchange exchange, UpstreamCall upstream, Backend backend, Attempts attempts) {
		logger.info("Proxying to {} ({}, attempt {}{}) [{}]", upstream.url(), backend.name(), attempts.count(),
				reason(attempts), RequestId.of(exchange.getAttributes()));
	}

	private Mono<Void> send(ServerWebExchange exchange, GatewayFilterChain chain, UpstreamCall upstream,
			@Nullable CredentialHeader credential) {
		exchange.getAttributes().put(ServerWebExchangeUtils.GATEWAY_REQUEST_URL_ATTR, upstream.uri());
		// the client's Host is Weir's, and no backend's business
		exchange.getAttributes().remove(ServerWebExchangeUtils.PRESERVE_HOST_HEADER_ATTRIBUTE);
		ServerHttpRequest client = exchange.getRequest();
		Attempts attempts = exchange.getRequiredAttribute(Attempts.ATTRIBUTE);
		Attempt attempt = attempts.current();
		if (attempt == null) {
			return Mono.error(new IllegalStateException("No lane was chosen"));
		}
		attempt.sending();
		Sending sending = new Sending(attempts, attempt, upstream.body() == null);
		PoolProperties settings = attempts.pool().properties();
		HttpHeaders headers = UpstreamHeaders.from(client.getHeaders(), settings.forwardHeaders(),
				(model) -> (attempt != null) ? attempt.lane().backend().deployment(model) : model);
		long length = (upstream.body() != null) ? upstream.length() : client.getHeaders().getContentLength();
		if (length > 0 || (length == 0 && saysEmpty(client.getMethod()))) {
			headers.set(HttpHeaderNames.CONTENT_LENGTH, length);
		}
		if (credential != null) {
			headers.set(credential.name(), credential.value());
		}
		UpstreamRequest request = new UpstreamRequest(client, headers, upstream.body(), sending);
		Mono<Void> sent = chain.filter(exchange.mutate().request(request).build());
		HeadTimeout timeout = new HeadTimeout(attempts, sending.whole(), request.isSmall(), this.timers);
		return isStream(exchange) ? timeout.boundStream(sent) : timeout.bound(sent);
	}

	private static boolean isStream(ServerWebExchange exchange) {
		ApiCall call = exchange.getRequiredAttribute(ApiCall.ATTRIBUTE);
		return call.body() != null && call.body().stream();
	}

	/**
	 * A token may have been revoked before its time: asks for a new one and, if there is
	 * one, sends the call again. To the backend it is the same attempt, made in two
	 * steps.
	 */
	private Mono<Void> renewed(ServerWebExchange exchange, GatewayFilterChain chain, UpstreamCall upstream,
			Credential credential, CredentialHeader refused) {
		return credential.refresh(refused)
			.filter(Boolean::booleanValue)
			.flatMap((changed) -> credential.header())
			.onErrorResume(CredentialException.class, (ex) -> Mono.empty())
			.flatMap((header) -> {
				ServerWebExchangeUtils.reset(exchange);
				return send(exchange, chain, upstream, header);
			});
	}

	/** For these Reactor Netty would send an empty body in chunks. */
	private static boolean saysEmpty(HttpMethod method) {
		return method != HttpMethod.GET && method != HttpMethod.HEAD && method != HttpMethod.DELETE;
	}

	private static boolean isUnauthorized(ServerWebExchange exchange) {
		return HttpStatus.UNAUTHORIZED.equals(exchange.getResponse().getStatusCode());
	}

	private static String reason(Attempts attempts) {
		String wait = (attempts.waited().toMillis() == 0) ? ""
				: ", after waiting " + Durations.words(attempts.waited());
		Attempts.Ended last = attempts.last();
		if (last == null) {
			return wait;
		}
		Lane lane = last.lane();
		String rest = lane.restLeft().isZero() ? "" : ", which rests " + Durations.words(lane.restLeft());
		return ", after " + last.outcome().words() + " from " + lane.backend().name() + rest + wait;
	}

}
