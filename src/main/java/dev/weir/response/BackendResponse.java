package dev.weir.response;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

import org.jspecify.annotations.Nullable;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;
import reactor.netty.Connection;

import org.springframework.http.HttpHeaders;

import dev.weir.request.RequestLoop;

/**
 * The response of a backend to one attempt: its head, and its body to be read or disposed
 * of. Used on the loop of the request only.
 */
public final class BackendResponse implements Disposable {

	private static final Duration MAX_DRAIN = Duration.ofSeconds(1);

	// the status and headers of a 429 are enough to try the next lane
	private static final Duration MAX_DRAIN_THROTTLED = Duration.ofMillis(250);

	private final int status;

	private final io.netty.handler.codec.http.HttpHeaders received;

	private final HttpHeaders passed;

	private final Connection connection;

	private final RequestLoop loop;

	private final @Nullable BodyDecoder decoder;

	private @Nullable ResponseBody body;

	private boolean taken;

	/**
	 * Creates a response. If its body is encoded and can be decoded, the headers of the
	 * encoded body are not relayed.
	 * @param status the HTTP status
	 * @param received the headers as received
	 * @param passed the headers that may be relayed to the client
	 * @param connection the connection that the body is read from
	 * @param loop the loop of the request
	 */
	public BackendResponse(int status, io.netty.handler.codec.http.HttpHeaders received, HttpHeaders passed,
			Connection connection, RequestLoop loop) {
		this.status = status;
		this.received = received;
		this.passed = passed;
		this.connection = connection;
		this.loop = loop;
		this.decoder = BodyDecoder.of(header(HttpHeaders.CONTENT_ENCODING));
		if (this.decoder != null) {
			passed.remove(HttpHeaders.CONTENT_ENCODING);
			passed.remove(HttpHeaders.CONTENT_LENGTH);
		}
	}

	/**
	 * The HTTP status.
	 * @return the status
	 */
	public int status() {
		return this.status;
	}

	/**
	 * A header as received.
	 * @param name its name
	 * @return its first value, or {@code null} if there is none
	 */
	public @Nullable String header(String name) {
		return this.received.get(name);
	}

	/**
	 * The headers that may be relayed to the client.
	 * @return the headers
	 */
	public HttpHeaders passed() {
		return this.passed;
	}

	/**
	 * The announced length of the body.
	 * @return the length in bytes, or -1 if there is none, or the body is decoded
	 */
	long length() {
		String length = (this.decoder == null) ? header(HttpHeaders.CONTENT_LENGTH) : null;
		try {
			return (length != null) ? Long.parseLong(length.strip()) : -1;
		}
		catch (NumberFormatException ex) {
			return -1;
		}
	}

	/**
	 * Whether the body is a stream of server-sent events that can be read.
	 * @return whether it has this content type and a known encoding
	 */
	boolean isEvents() {
		return hasType(header(HttpHeaders.CONTENT_TYPE), "text/event-stream")
				&& (this.decoder != null || !BodyDecoder.isEncoded(header(HttpHeaders.CONTENT_ENCODING)));
	}

	/**
	 * Whether the body is an HTML page.
	 * @return whether it has this content type
	 */
	boolean isPage() {
		return hasType(header(HttpHeaders.CONTENT_TYPE), "text/html");
	}

	/**
	 * Whether the body is JSON that can be read while it arrives.
	 * @return whether it has this content type or none, and is not encoded
	 */
	boolean isPlainJson() {
		String type = header(HttpHeaders.CONTENT_TYPE);
		boolean json = type == null || hasType(type, "application/json") || type.contains("+json");
		return json && !BodyDecoder.isEncoded(header(HttpHeaders.CONTENT_ENCODING));
	}

	/**
	 * Compares content types without their parameters, because a malformed parameter must
	 * not invalidate a response.
	 * @param header the header's value, or {@code null}
	 * @param type the type, in lower case
	 * @return whether the header begins with the type
	 */
	public static boolean hasType(@Nullable String header, String type) {
		return header != null && header.strip().toLowerCase(Locale.ROOT).startsWith(type);
	}

	/**
	 * The body, to be read to its end or disposed of.
	 * @return the body, always the same
	 */
	ResponseBody body() {
		if (this.body == null) {
			this.body = ResponseBody.of(this.connection, this.loop, this.decoder);
		}
		return this.body;
	}

	/**
	 * Takes the connection of a response that has switched to another protocol. From then
	 * on, disposing of the response has no effect.
	 * @return the connection
	 */
	public Connection takeConnection() {
		this.taken = true;
		return this.connection;
	}

	/**
	 * Reads the body to its end, limited in size and time. A connection that was read to
	 * its end is reused, so a 429 does not cost a connection.
	 * @return the response with the body
	 */
	Mono<ErrorResponse> drain() {
		return drain(new ResponseStart.Bytes(body(), new byte[0], false));
	}

	/**
	 * Reads the unread part of the body to its end, limited in size and time.
	 * @param start the beginning of the body
	 * @return the response with the whole body
	 */
	Mono<ErrorResponse> drain(ResponseStart.Bytes start) {
		Map<String, List<String>> headers = new HashMap<>();
		this.passed.forEach((name, values) -> headers.put(name.toLowerCase(Locale.ROOT), List.copyOf(values)));
		if (start.whole()) {
			return Mono.just(new ErrorResponse(this.status, headers, start.first(), null));
		}
		return WholeBody.of(start, (this.status == 429) ? MAX_DRAIN_THROTTLED : MAX_DRAIN, this.loop)
			.map((part) -> new ErrorResponse(this.status, headers, part.bytes(), part.rest()));
	}

	/**
	 * Reads the body to its end, limited in size and time, and drops it, so that the
	 * connection can be reused.
	 * @return completion
	 */
	public Mono<Void> discard() {
		return drain().doOnNext(ErrorResponse::discard).then();
	}

	/**
	 * Closes the connection, unless the body was read to its end or the connection was
	 * taken.
	 */
	@Override
	public void dispose() {
		if (!this.taken) {
			body().dispose();
		}
	}

}
