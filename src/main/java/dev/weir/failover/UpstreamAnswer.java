package dev.weir.failover;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.netty.Connection;
import reactor.netty.http.client.HttpClientResponse;

import org.springframework.cloud.gateway.support.ServerWebExchangeUtils;
import org.springframework.http.HttpHeaders;
import org.springframework.web.server.ServerWebExchange;

/**
 * The response that Spring Cloud Gateway got for an attempt and left in the exchange.
 */
final class UpstreamAnswer {

	private static final Duration MAX_DRAIN = Duration.ofSeconds(1);

	// status and headers of a 429 say all that is needed to go on at once
	private static final Duration MAX_DRAIN_THROTTLED = Duration.ofMillis(250);

	private final ServerWebExchange exchange;

	private final HttpClientResponse response;

	private final @Nullable BodyDecoder decoder;

	private UpstreamAnswer(ServerWebExchange exchange, HttpClientResponse response) {
		this.exchange = exchange;
		this.response = response;
		this.decoder = BodyDecoder.of(header(HttpHeaders.CONTENT_ENCODING));
	}

	/**
	 * Takes the response of an exchange. If its body is coded and can be decoded, the
	 * headers that describe the coded body are removed.
	 * @param exchange the exchange
	 * @return the response
	 */
	static UpstreamAnswer of(ServerWebExchange exchange) {
		UpstreamAnswer answer = new UpstreamAnswer(exchange,
				exchange.getRequiredAttribute(ServerWebExchangeUtils.CLIENT_RESPONSE_ATTR));
		if (answer.decoder != null) {
			HttpHeaders headers = exchange.getResponse().getHeaders();
			headers.remove(HttpHeaders.CONTENT_ENCODING);
			headers.remove(HttpHeaders.CONTENT_LENGTH);
		}
		return answer;
	}

	int status() {
		return this.response.status().code();
	}

	/**
	 * A response header as it came.
	 * @param name its name
	 * @return its first value, or {@code null} if there is none
	 */
	@Nullable String header(String name) {
		return this.response.responseHeaders().get(name);
	}

	/**
	 * How long the body says it is.
	 * @return the length in bytes, or -1 if it does not say, or is decoded
	 */
	long length() {
		if (this.decoder != null) {
			return -1;
		}
		String length = header("content-length");
		try {
			return (length != null) ? Long.parseLong(length.strip()) : -1;
		}
		catch (NumberFormatException ex) {
			return -1;
		}
	}

	/**
	 * Whether the answer is a stream of server-sent events that can be read.
	 * @return whether its content type says so, and it comes in no unknown coding
	 */
	boolean isEvents() {
		return hasType(header("content-type"), "text/event-stream")
				&& (this.decoder != null || !BodyDecoder.isCoded(header(HttpHeaders.CONTENT_ENCODING)));
	}

	/**
	 * Whether the answer is a page for people.
	 * @return whether its content type says so
	 */
	boolean isPage() {
		return hasType(header("content-type"), "text/html");
	}

	/**
	 * Whether the answer is JSON that can be read as it comes.
	 * @return whether its content type says so, or is not there, and it is not compressed
	 */
	boolean isPlainJson() {
		String type = header("content-type");
		String coding = header("content-encoding");
		boolean plain = coding == null || coding.isBlank() || coding.strip().equalsIgnoreCase("identity");
		return plain && (type == null || hasType(type, "application/json") || type.contains("+json"));
	}

	/**
	 * Compares content types, leniently: a backend's mistake in a parameter is no reason
	 * to lose its answer.
	 * @param header the header's value, or {@code null}
	 * @param type the type, in lower case
	 * @return whether the header begins with the type
	 */
	static boolean hasType(@Nullable String header, String type) {
		return header != null && header.strip().toLowerCase(Locale.ROOT).startsWith(type);
	}

	/**
	 * Takes the body out of the exchange, so that from here on whoever has it must read
	 * it to its end or dispose of it.
	 * @param turn what its readers are called by
	 * @return the body
	 */
	UpstreamBody takeBody(SerialExecutor turn) {
		Connection connection = this.exchange.getRequiredAttribute(ServerWebExchangeUtils.CLIENT_RESPONSE_CONN_ATTR);
		this.exchange.getAttributes().remove(ServerWebExchangeUtils.CLIENT_RESPONSE_CONN_ATTR);
		UpstreamBody body = UpstreamBody.of(connection, turn, this.decoder);
		// kept in sight until the request ends: whoever waits for it may be gone
		// at the moment it comes
		this.exchange.getAttributes().put(UpstreamBody.ATTRIBUTE, body);
		return body;
	}

	/**
	 * Reads the response to its end, bounded in size and time, and takes every trace of
	 * it out of the exchange. Read to its end, the connection goes back to its pool: a
	 * 429 costs none.
	 * @param turn what the body's readers are called by
	 * @param timers what measures time
	 * @return the answer
	 */
	Mono<ErrorAnswer> drain(SerialExecutor turn, Scheduler timers) {
		return drain(new AnswerStart.Bytes(takeBody(turn), new byte[0], false), turn, timers);
	}

	/**
	 * Reads a response to its end whose body has been taken and begun to be read.
	 * @param start how it begins
	 * @param turn what the body's readers are called by
	 * @param timers what measures time
	 * @return the answer
	 */
	Mono<ErrorAnswer> drain(AnswerStart.Bytes start, SerialExecutor turn, Scheduler timers) {
		Map<String, List<String>> headers = upstreamHeaders();
		ServerWebExchangeUtils.reset(this.exchange);
		if (start.whole()) {
			return Mono.just(new ErrorAnswer(status(), headers, start.first(), null));
		}
		return WholeBody.of(start, (status() == 429) ? MAX_DRAIN_THROTTLED : MAX_DRAIN, turn, timers)
			.map((part) -> new ErrorAnswer(status(), headers, part.bytes(), part.rest()));
	}

	private Map<String, List<String>> upstreamHeaders() {
		HttpHeaders all = this.exchange.getResponse().getHeaders();
		Set<String> names = this.exchange.getAttributeOrDefault(ServerWebExchangeUtils.CLIENT_RESPONSE_HEADER_NAMES,
				Set.of());
		Map<String, List<String>> headers = new HashMap<>();
		for (String name : names) {
			@Nullable List<String> values = all.get(name);
			if (values != null) {
				headers.put(name.toLowerCase(Locale.ROOT), List.copyOf(values));
			}
		}
		return headers;
	}

}
