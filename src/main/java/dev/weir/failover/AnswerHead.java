package dev.weir.failover;

import java.util.HashSet;
import java.util.Map;
import java.util.Set;

import org.jspecify.annotations.Nullable;

import org.springframework.cloud.gateway.support.ServerWebExchangeUtils;
import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.web.server.ServerWebExchange;

import dev.weir.backend.Attempts;
import dev.weir.backend.Lane;
import dev.weir.openai.error.ApiErrorException;

/**
 * The head of the answer a request gets. It says which backend answered and how many were
 * called, and names the request where SDKs look for it.
 */
final class AnswerHead {

	private static final String BACKEND = "x-weir-backend";

	private static final String ATTEMPTS = "x-weir-attempts";

	// where SDKs look for the id to quote in a support request, and what Azure calls it
	private static final String REQUEST_ID = "x-request-id";

	private static final String AZURE_REQUEST_ID = "apim-request-id";

	// read by nginx and what is made like it
	private static final String ACCEL_BUFFERING = "x-accel-buffering";

	private final ServerWebExchange exchange;

	private final Attempts attempts;

	AnswerHead(ServerWebExchange exchange, Attempts attempts) {
		this.exchange = exchange;
		this.attempts = attempts;
	}

	/**
	 * Completes the head of a backend's answer that the gateway has written.
	 * @param answering the answer
	 */
	void begin(Ending.Answering answering) {
		explain(answering.attempt().lane());
		nameRequest();
		if (answering.start() instanceof AnswerStart.Events) {
			HttpHeaders headers = this.exchange.getResponse().getHeaders();
			// what comes at the end of a stream that breaks off is not counted in it
			headers.remove(HttpHeaders.CONTENT_LENGTH);
			passAtOnce(headers);
		}
	}

	/**
	 * Writes the head of a reply to a request for a stream that no backend has answered
	 * yet.
	 */
	void beginEarly() {
		ServerHttpResponse response = this.exchange.getResponse();
		response.setRawStatusCode(200);
		response.getHeaders().setContentType(MediaType.TEXT_EVENT_STREAM);
		explain(null);
		passAtOnce(response.getHeaders());
	}

	/**
	 * Asks proxies between Weir and the client to neither hold events back nor keep them.
	 */
	private void passAtOnce(HttpHeaders headers) {
		if (!headers.containsHeader(ACCEL_BUFFERING)) {
			headers.set(ACCEL_BUFFERING, "no");
		}
		if (!headers.containsHeader(HttpHeaders.CACHE_CONTROL)) {
			headers.set(HttpHeaders.CACHE_CONTROL, "no-cache");
		}
		remember(Set.of(ACCEL_BUFFERING), Set.of(HttpHeaders.CACHE_CONTROL));
	}

	/**
	 * Writes the head of a backend's error.
	 * @param lane the lane it comes from, if any
	 * @param answer the error
	 * @param delays when to come back, in place of what the backend said, or empty to
	 * leave that as it is
	 * @return the body that belongs to it, as far as it was read
	 */
	byte[] error(@Nullable Lane lane, ErrorAnswer answer, Map<String, String> delays) {
		explain(lane);
		ServerHttpResponse response = this.exchange.getResponse();
		HttpHeaders headers = response.getHeaders();
		response.setRawStatusCode(answer.status());
		answer.headers().forEach(headers::put);
		if (answer.isWhole()) {
			headers.setContentLength(answer.body().length);
		}
		delays.forEach(headers::set);
		nameRequest();
		remember(answer.headers().keySet(), delays.keySet());
		return answer.body();
	}

	/**
	 * Writes the head of an answer of Weir's own. It goes the way of every answer, so
	 * that the user's filters see it.
	 * @param lane the lane that was called last, or {@code null} if none was
	 * @param answer the answer
	 * @return the body that belongs to it
	 */
	byte[] own(@Nullable Lane lane, ApiErrorException answer) {
		explain(lane);
		byte[] body = answer.error().toJson();
		ServerHttpResponse response = this.exchange.getResponse();
		response.setRawStatusCode(answer.error().status());
		response.getHeaders().setContentType(MediaType.APPLICATION_JSON);
		response.getHeaders().setContentLength(body.length);
		answer.headers().forEach(response.getHeaders()::set);
		remember(Set.of(), answer.headers().keySet());
		return body;
	}

	private void explain(@Nullable Lane lane) {
		HttpHeaders headers = this.exchange.getResponse().getHeaders();
		if (lane != null) {
			headers.set(BACKEND, lane.backend().name());
		}
		headers.set(ATTEMPTS, String.valueOf(this.attempts.count()));
	}

	private void nameRequest() {
		HttpHeaders headers = this.exchange.getResponse().getHeaders();
		String azureId = headers.getFirst(AZURE_REQUEST_ID);
		if (azureId != null && !headers.containsHeader(REQUEST_ID)) {
			headers.set(REQUEST_ID, azureId);
		}
	}

	/**
	 * Has the gateway take these headers away again, should a user's own filter send the
	 * request round once more.
	 */
	private void remember(Set<String> some, Set<String> others) {
		Set<String> names = new HashSet<>(
				this.exchange.getAttributeOrDefault(ServerWebExchangeUtils.CLIENT_RESPONSE_HEADER_NAMES, Set.of()));
		names.addAll(some);
		names.addAll(others);
		names.addAll(Set.of(HttpHeaders.CONTENT_TYPE, HttpHeaders.CONTENT_LENGTH, REQUEST_ID));
		this.exchange.getAttributes().put(ServerWebExchangeUtils.CLIENT_RESPONSE_HEADER_NAMES, names);
	}

}
