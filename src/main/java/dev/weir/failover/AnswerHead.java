package dev.weir.failover;

import java.util.HashSet;
import java.util.Map;
import java.util.Set;

import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

import org.springframework.cloud.gateway.support.ServerWebExchangeUtils;
import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.web.server.ServerWebExchange;

import dev.weir.api.ApiError;
import dev.weir.api.ApiErrorException;
import dev.weir.backend.Attempts;
import dev.weir.backend.Lane;

/**
 * The head of the answer a request gets.
 */
final class AnswerHead {

	private static final String BACKEND = "x-weir-backend";

	private static final String ATTEMPTS = "x-weir-attempts";

	// where SDKs look for the id to quote in a support request, and what Azure calls it
	private static final String REQUEST_ID = "x-request-id";

	private static final String AZURE_REQUEST_ID = "apim-request-id";

	private AnswerHead() {
	}

	/**
	 * Says which backend answered and how many were called.
	 * @param exchange the request
	 * @param attempts its attempts
	 * @param lane the lane that was called last, or {@code null} if none was
	 */
	static void explain(ServerWebExchange exchange, Attempts attempts, @Nullable Lane lane) {
		HttpHeaders headers = exchange.getResponse().getHeaders();
		if (lane != null) {
			headers.set(BACKEND, lane.backend().name());
		}
		headers.set(ATTEMPTS, String.valueOf(attempts.count()));
	}

	/**
	 * Makes sure that SDKs find the backend's id of the request.
	 * @param exchange the request
	 */
	static void nameRequest(ServerWebExchange exchange) {
		HttpHeaders headers = exchange.getResponse().getHeaders();
		String azureId = headers.getFirst(AZURE_REQUEST_ID);
		if (azureId != null && !headers.containsHeader(REQUEST_ID)) {
			headers.set(REQUEST_ID, azureId);
		}
	}

	/**
	 * Settles on an error answer that was read before.
	 * @param exchange the request
	 * @param answer the answer
	 * @param delays when to come back, in place of what the backend said, or empty to
	 * leave that as it is
	 * @return completion
	 */
	static Mono<Void> keep(ServerWebExchange exchange, FailedAnswer answer, Map<String, String> delays) {
		byte[] body = answer.body();
		if (body == null) {
			return own(exchange,
					new ApiErrorException(new ApiError(502,
							"The backend answered " + answer.status() + " with a body that could not be read.",
							"server_error", null, "bad_gateway")));
		}
		ServerHttpResponse response = exchange.getResponse();
		response.setRawStatusCode(answer.status());
		answer.headers().forEach(response.getHeaders()::put);
		response.getHeaders().remove(HttpHeaders.TRANSFER_ENCODING);
		response.getHeaders().setContentLength(body.length);
		delays.forEach(response.getHeaders()::set);
		nameRequest(exchange);
		remember(exchange, answer.headers().keySet(), delays.keySet());
		exchange.getAttributes().put(Answer.ATTRIBUTE, new Answer.Kept(body));
		return Mono.empty();
	}

	/**
	 * Settles on an answer of Weir's own. It goes the way of every answer, so that the
	 * user's filters see it.
	 * @param exchange the request
	 * @param answer the answer
	 * @return completion
	 */
	static Mono<Void> own(ServerWebExchange exchange, ApiErrorException answer) {
		byte[] body = answer.error().toJson();
		ServerHttpResponse response = exchange.getResponse();
		response.setRawStatusCode(answer.error().status());
		response.getHeaders().setContentType(MediaType.APPLICATION_JSON);
		response.getHeaders().setContentLength(body.length);
		answer.headers().forEach(response.getHeaders()::set);
		remember(exchange, Set.of(), answer.headers().keySet());
		exchange.getAttributes().put(Answer.ATTRIBUTE, new Answer.Kept(body));
		return Mono.empty();
	}

	/**
	 * Has the gateway take these headers away again, should a user's own filter send the
	 * request round once more.
	 */
	private static void remember(ServerWebExchange exchange, Set<String> some, Set<String> others) {
		Set<String> names = new HashSet<>(
				exchange.getAttributeOrDefault(ServerWebExchangeUtils.CLIENT_RESPONSE_HEADER_NAMES, Set.of()));
		names.addAll(some);
		names.addAll(others);
		names.addAll(Set.of(HttpHeaders.CONTENT_TYPE, HttpHeaders.CONTENT_LENGTH, REQUEST_ID));
		exchange.getAttributes().put(ServerWebExchangeUtils.CLIENT_RESPONSE_HEADER_NAMES, names);
	}

}
