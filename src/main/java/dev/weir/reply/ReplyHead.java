package dev.weir.reply;

import java.util.List;
import java.util.Map;

import org.jspecify.annotations.Nullable;

import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import org.springframework.http.server.reactive.ServerHttpResponse;

import dev.weir.openai.error.ApiErrorException;
import dev.weir.backend.Lane;
import dev.weir.request.RequestContext;
import dev.weir.request.Reservation;

import dev.weir.backend.Lane;
import dev.weir.openai.error.ApiErrorException;
import dev.weir.response.ErrorResponse;
import dev.weir.response.ResponseStart;

/**
 * The head of the reply to a request. It names the backend that responded, how many were
 * called, and the request's id where SDKs look for it.
 */
public final class ReplyHead {

	private static final String BACKEND = "x-weir-backend";

	private static final String ATTEMPTS = "x-weir-attempts";

	private static final String REASONING = "x-weir-reasoning";

	// the header in which SDKs expect the id of a request, and Azure's name for it
	private static final String REQUEST_ID = "x-request-id";

	private static final String AZURE_REQUEST_ID = "apim-request-id";

	// read by nginx and similar proxies
	private static final String ACCEL_BUFFERING = "x-accel-buffering";

	private final ServerHttpResponse client;

	private final RequestContext context;

	/**
	 * Creates the head of a reply.
	 * @param client the response that the client gets
	 * @param context the request
	 */
	public ReplyHead(ServerHttpResponse client, RequestContext context) {
		this.client = client;
		this.context = context;
	}

	boolean isCommitted() {
		return this.client.isCommitted();
	}

	public HttpHeaders headers() {
		return this.client.getHeaders();
	}

	/**
	 * Writes the head of a backend's response.
	 * @param served the response
	 */
	public void begin(RequestResult.Relayed served) {
		HttpHeaders headers = headers();
		this.client.setRawStatusCode(served.response().status());
		served.response().passed().forEach(headers::put);
		explain(served.attempt().lane());
		nameRequest();
		if (served.start() instanceof ResponseStart.Events) {
			// it does not count an error event at the end of a stream that breaks off
			headers.remove(HttpHeaders.CONTENT_LENGTH);
			passAtOnce();
		}
	}

	/**
	 * Writes the head of a reply that switches to another protocol (101).
	 * @param lane the lane that the client is connected with
	 * @param passed the headers of the backend's response that may be relayed
	 */
	public void switchProtocol(Lane lane, HttpHeaders passed) {
		this.client.setRawStatusCode(101);
		passed.forEach(headers()::put);
		headers().remove(HttpHeaders.CONTENT_LENGTH);
		headers().remove(HttpHeaders.CONTENT_TYPE);
		explain(lane);
		nameRequest();
		writeLimits();
	}

	/** Writes the head of a stream before a backend has begun it. */
	public void beginEarly() {
		this.client.setRawStatusCode(200);
		headers().setContentType(MediaType.TEXT_EVENT_STREAM);
		explain(null);
		passAtOnce();
		writeLimits();
	}

	/**
	 * Asks proxies between Weir and the client neither to buffer nor to cache events.
	 */
	private void passAtOnce() {
		if (!headers().containsHeader(ACCEL_BUFFERING)) {
			headers().set(ACCEL_BUFFERING, "no");
		}
		if (!headers().containsHeader(HttpHeaders.CACHE_CONTROL)) {
			headers().set(HttpHeaders.CACHE_CONTROL, "no-cache");
		}
	}

	/**
	 * Writes the head of a backend's error.
	 * @param lane the lane it comes from, if any
	 * @param error the error
	 * @param delays headers that replace the backend's delay, or empty to keep it
	 * @return its body, as far as it was read
	 */
	public byte[] error(@Nullable Lane lane, ErrorResponse error, Map<String, String> delays) {
		explain(lane);
		this.client.setRawStatusCode(error.status());
		for (Map.Entry<String, List<String>> header : error.headers().entrySet()) {
			headers().put(header.getKey(), header.getValue());
		}
		if (error.isWhole()) {
			headers().setContentLength(error.body().length);
		}
		delays.forEach(headers()::set);
		nameRequest();
		return error.body();
	}

	/**
	 * Writes the head of Weir's own error. It passes the user's filters like every other
	 * reply.
	 * @param lane the lane that was called last, or {@code null} if none was
	 * @param error the error
	 * @return its body
	 */
	public byte[] own(@Nullable Lane lane, ApiErrorException error) {
		explain(lane);
		byte[] body = error.error().toJson();
		this.client.setRawStatusCode(error.error().status());
		headers().setContentType(MediaType.APPLICATION_JSON);
		headers().setContentLength(body.length);
		error.headers().forEach(headers()::set);
		return body;
	}

	private void explain(@Nullable Lane lane) {
		if (lane != null) {
			headers().set(BACKEND, lane.backend().name());
		}
		if (this.context.isReasoningLeftOut()) {
			headers().set(REASONING, "dropped");
		}
		headers().set(ATTEMPTS, String.valueOf(this.context.failover().attempts().count()));
	}

	/**
	 * Writes how much the client has left of its limits, in place of the quota of a
	 * backend.
	 */
	public void writeLimits() {
		Reservation reservation = this.context.reservation();
		if (reservation != null) {
			reservation.writeHeaders(headers());
		}
	}

	private void nameRequest() {
		String azureId = headers().getFirst(AZURE_REQUEST_ID);
		if (azureId != null && !headers().containsHeader(REQUEST_ID)) {
			headers().set(REQUEST_ID, azureId);
		}
	}

}
