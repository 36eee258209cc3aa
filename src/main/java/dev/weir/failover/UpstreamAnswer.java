package dev.weir.failover;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.netty.Connection;
import reactor.netty.http.client.HttpClientResponse;

import org.springframework.cloud.gateway.support.ServerWebExchangeUtils;
import org.springframework.http.HttpHeaders;
import org.springframework.web.server.ServerWebExchange;

/**
 * The response that Spring Cloud Gateway got for an attempt and left in the exchange.
 */
final class UpstreamAnswer {

	// error bodies are small; a longer or slower one is not worth the caller's time
	private static final int MAX_ERROR_BODY = 256 * 1024;

	private static final Duration MAX_DRAIN = Duration.ofSeconds(1);

	// status and headers of a 429 say all that is needed to go on at once
	private static final Duration MAX_DRAIN_THROTTLED = Duration.ofMillis(250);

	private final ServerWebExchange exchange;

	private final HttpClientResponse response;

	private final Connection connection;

	private UpstreamAnswer(ServerWebExchange exchange, HttpClientResponse response, Connection connection) {
		this.exchange = exchange;
		this.response = response;
		this.connection = connection;
	}

	static UpstreamAnswer of(ServerWebExchange exchange) {
		return new UpstreamAnswer(exchange, exchange.getRequiredAttribute(ServerWebExchangeUtils.CLIENT_RESPONSE_ATTR),
				exchange.getRequiredAttribute(ServerWebExchangeUtils.CLIENT_RESPONSE_CONN_ATTR));
	}

	int status() {
		return this.response.status().code();
	}

	/**
	 * Takes the response's connection out of the exchange, so that from here on whoever
	 * has it must read it to its end or dispose of it.
	 * @return the connection
	 */
	Connection takeConnection() {
		this.exchange.getAttributes().remove(ServerWebExchangeUtils.CLIENT_RESPONSE_CONN_ATTR);
		return this.connection;
	}

	/**
	 * Reads the response to its end, bounded in size and time, and takes every trace of
	 * it out of the exchange. Read to its end, the connection goes back to its pool: a
	 * 429 costs none.
	 * @return the answer
	 */
	Mono<FailedAnswer> drain() {
		Map<String, List<String>> headers = upstreamHeaders();
		Connection taken = takeConnection();
		ServerWebExchangeUtils.reset(this.exchange);
		return taken.inbound()
			.receive()
			.reduceWith(ErrorBody::new, ErrorBody::add)
			.timeout((status() == 429) ? MAX_DRAIN_THROTTLED : MAX_DRAIN)
			.map((body) -> new FailedAnswer(status(), headers, body.bytes()))
			.onErrorResume((ex) -> {
				taken.dispose();
				return Mono.just(new FailedAnswer(status(), headers, null));
			})
			.doOnCancel(taken::dispose);
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

	/** Bytes of an error's body as they come in. */
	private static final class ErrorBody {

		private final List<byte[]> parts = new ArrayList<>();

		private int length;

		ErrorBody add(ByteBuf buffer) {
			this.length += buffer.readableBytes();
			if (this.length > MAX_ERROR_BODY) {
				throw new IllegalStateException("The error's body is longer than " + MAX_ERROR_BODY + " bytes");
			}
			byte[] part = new byte[buffer.readableBytes()];
			buffer.readBytes(part);
			this.parts.add(part);
			return this;
		}

		byte[] bytes() {
			byte[] bytes = new byte[this.length];
			int position = 0;
			for (byte[] part : this.parts) {
				System.arraycopy(part, 0, bytes, position, part.length);
				position += part.length;
			}
			return bytes;
		}

	}

}
