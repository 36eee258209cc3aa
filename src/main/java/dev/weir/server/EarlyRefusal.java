package dev.weir.server;

import java.net.SocketAddress;
import java.util.Set;
import java.util.function.BooleanSupplier;

import io.micrometer.core.instrument.MeterRegistry;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;

import dev.weir.openai.error.ApiErrorException;
import dev.weir.request.RefusalLog;
import dev.weir.request.RequestsInFlight;

/**
 * Decides which requests an overloaded Weir refuses before Reactor Netty and Spring
 * handle them, and makes the replies. Such a refusal takes a small part of the processor
 * time of a later one, so that thousands of callers that send again at once do not delay
 * the requests that are served, nor health.
 * <p>
 * Only a request that is not for a page of Weir, and whose reply needs nothing that later
 * filters know, is refused here, even before its client is known. The others are refused
 * later: those that may be for a page ({@code GET}), those whose reply has CORS headers,
 * and those that wait for {@code 100 Continue}. Safe for many threads.
 */
final class EarlyRefusal {

	private static final Set<HttpMethod> METHODS = Set.of(HttpMethod.POST, HttpMethod.PUT, HttpMethod.PATCH,
			HttpMethod.DELETE);

	private final RequestsInFlight inFlight;

	private final String actuator;

	private final BooleanSupplier stopping;

	private final RequestIdGenerator ids;

	private final RefusalLog log;

	private final MeterRegistry meters;

	/**
	 * Creates the rules.
	 * @param inFlight the limit of requests
	 * @param actuator the path below which the Actuator is; {@code /} if it may be
	 * everywhere
	 * @param stopping whether the stop of Weir has begun
	 * @param ids generates the ids of requests
	 * @param log logs refusals
	 * @param meters counts refusals
	 */
	EarlyRefusal(RequestsInFlight inFlight, String actuator, BooleanSupplier stopping, RequestIdGenerator ids,
			RefusalLog log, MeterRegistry meters) {
		this.inFlight = inFlight;
		this.actuator = actuator;
		this.stopping = stopping;
		this.ids = ids;
		this.log = log;
		this.meters = meters;
	}

	/**
	 * Whether a request is refused at this moment.
	 * @param request a valid head with a target in origin form
	 * @return whether it gets {@link #reply}
	 */
	boolean appliesTo(HttpRequest request) {
		if (!this.inFlight.isFull() || !METHODS.contains(request.method()) || request.uri().startsWith(this.actuator)) {
			return false;
		}
		HttpHeaders headers = request.headers();
		return !headers.contains(HttpHeaderNames.ORIGIN) && !headers.contains(HttpHeaderNames.EXPECT)
				&& !headers.contains(HttpHeaderNames.UPGRADE) && !this.stopping.getAsBoolean();
	}

	/**
	 * Creates the reply to a refused request and records the refusal.
	 * @param client the address of the client
	 * @return the complete reply
	 */
	FullHttpResponse reply(SocketAddress client) {
		ApiErrorException refusal = this.inFlight.overloaded();
		String id = this.ids.next();
		FullHttpResponse reply = new DefaultFullHttpResponse(HttpVersion.HTTP_1_1,
				HttpResponseStatus.valueOf(refusal.error().status()), Unpooled.wrappedBuffer(refusal.error().toJson()));
		HttpHeaders headers = reply.headers();
		headers.set(HttpHeaderNames.CONTENT_TYPE, HttpHeaderValues.APPLICATION_JSON);
		headers.set(HttpHeaderNames.CONTENT_LENGTH, reply.content().readableBytes());
		refusal.headers().forEach(headers::set);
		headers.set(EntryFilter.WEIR_REQUEST_ID, id).set(EntryFilter.REQUEST_ID, id);
		this.meters.counter("weir.refused", "status", reply.status().codeAsText().toString()).increment();
		this.log.record(client, refusal.error(), id);
		return reply;
	}

}
