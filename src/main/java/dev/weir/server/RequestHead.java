package dev.weir.server;

import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.handler.codec.http.TooLongHttpLineException;
import org.jspecify.annotations.Nullable;

/**
 * Validates the head of a request (RFC 9112, sections 2.3, 3 and 6.1), beyond the checks
 * of the decoder, and removes hop-by-hop headers.
 */
final class RequestHead {

	/** Headers that frame, route or describe a message. */
	private static final Set<String> PROTECTED = Set.of("content-length", "transfer-encoding", "host", "connection",
			"content-encoding", "content-type", "upgrade", "expect", "te");

	private RequestHead() {
	}

	/**
	 * Validates a head. A target in absolute form is replaced by its path.
	 * @param request the decoded request
	 * @return the first error, or {@code null} if the head is valid
	 */
	static @Nullable ProtocolError validate(HttpRequest request) {
		HttpHeaders headers = request.headers();
		if (request.decoderResult().isFailure()) {
			return decoderError(request.decoderResult().cause(), headers);
		}
		if (request.protocolVersion().majorVersion() != 1) {
			return new ProtocolError(505,
					"This server supports HTTP/1.1; the version of the request is " + request.protocolVersion() + ".",
					"http_version_not_supported");
		}
		ProtocolError error = checkTransferCoding(headers);
		if (error == null) {
			error = checkHost(request);
		}
		if (error == null) {
			error = checkTarget(request);
		}
		return (error != null) ? error : checkHeaderNames(headers);
	}

	private static ProtocolError decoderError(Throwable cause, HttpHeaders headers) {
		if (cause instanceof TooLongHttpLineException) {
			return new ProtocolError(414, "The request line is too long.", "uri_too_long");
		}
		if (cause instanceof TooLongHttpHeaderException) {
			return new ProtocolError(431,
					"The headers of the request are too long; server.max-http-request-header-size is the limit.",
					"headers_too_long");
		}
		ProtocolError coding = checkTransferCoding(headers);
		return (coding != null) ? coding
				: ProtocolError.badRequest("The head of the request is not valid HTTP/1.1 (RFC 9112).");
	}

	/** Only {@code chunked} is supported (RFC 9112, section 6.1). */
	private static @Nullable ProtocolError checkTransferCoding(HttpHeaders headers) {
		String first = headers.get(HttpHeaderNames.TRANSFER_ENCODING);
		if (first == null || HttpHeaderValues.CHUNKED.contentEqualsIgnoreCase(first)) {
			return null;
		}
		String all = String.join(",", headers.getAll(HttpHeaderNames.TRANSFER_ENCODING));
		boolean unknown = false;
		for (String coding : all.split(",", -1)) {
			String name = coding.strip();
			if (!isToken(name)) {
				return ProtocolError.badRequest("The transfer-encoding of the request is malformed.");
			}
			unknown |= !HttpHeaderValues.CHUNKED.contentEqualsIgnoreCase(name);
		}
		return unknown
				? new ProtocolError(501, "The only transfer coding that this server supports is chunked.",
						"unknown_transfer_coding")
				: ProtocolError.badRequest("The transfer-encoding of the request has chunked more than once.");
	}

	/** Exactly one is required (RFC 9112, section 3.2), except in HTTP/1.0. */
	private static @Nullable ProtocolError checkHost(HttpRequest request) {
		Iterator<String> hosts = request.headers().valueStringIterator(HttpHeaderNames.HOST);
		if (!hosts.hasNext()) {
			return request.protocolVersion().equals(HttpVersion.HTTP_1_0) ? null
					: ProtocolError.badRequest("The request has no Host header.");
		}
		String host = hosts.next();
		if (hosts.hasNext()) {
			return ProtocolError.badRequest("The request has more than one Host header.");
		}
		return RequestTarget.isAuthority(host) ? null
				: ProtocolError.badRequest("The Host header is not a host with an optional port.");
	}

	private static @Nullable ProtocolError checkTarget(HttpRequest request) {
		String target = request.uri();
		if (!RequestTarget.isUri(target)) {
			return ProtocolError.badRequest(
					"The target of the request has a malformed escape or a character that must be percent-encoded.");
		}
		if (target.startsWith("/") || request.method().equals(HttpMethod.CONNECT)
				|| (target.equals("*") && request.method().equals(HttpMethod.OPTIONS))) {
			return null;
		}
		String host = request.headers().get(HttpHeaderNames.HOST);
		String path = RequestTarget.pathOfAbsolute(target, host);
		if (path == null) {
			return ProtocolError
				.badRequest("The target of the request is neither a path nor a URL of the host in the Host header.");
		}
		request.setUri(path);
		return null;
	}

	/** Some servers treat an underscore as a hyphen. */
	private static @Nullable ProtocolError checkHeaderNames(HttpHeaders headers) {
		Iterator<Map.Entry<CharSequence, CharSequence>> all = headers.iteratorCharSequence();
		while (all.hasNext()) {
			CharSequence name = all.next().getKey();
			for (int i = 0; i < name.length(); i++) {
				if (name.charAt(i) == '_'
						&& PROTECTED.contains(name.toString().replace('_', '-').toLowerCase(Locale.ROOT))) {
					return ProtocolError.badRequest("The header " + name + " could be read as another header.");
				}
			}
		}
		return null;
	}

	/**
	 * Removes the headers that {@code Connection} names: they are for this hop only (RFC
	 * 9110, section 7.6.1). Headers that frame or describe the message stay.
	 * @param headers the headers of the request
	 */
	static void removeHopByHopHeaders(HttpHeaders headers) {
		String connection = headers.get(HttpHeaderNames.CONNECTION);
		if (connection == null || HttpHeaderValues.KEEP_ALIVE.contentEqualsIgnoreCase(connection)
				|| HttpHeaderValues.CLOSE.contentEqualsIgnoreCase(connection)) {
			return;
		}
		List<String> values = headers.getAll(HttpHeaderNames.CONNECTION);
		for (String value : values) {
			for (String option : value.split(",")) {
				String name = option.strip();
				if (!name.isEmpty() && !PROTECTED.contains(name.toLowerCase(Locale.ROOT))) {
					headers.remove(name);
				}
			}
		}
	}

	/** Whether a text is a token (RFC 9110, section 5.6.2). */
	private static boolean isToken(String text) {
		for (int i = 0; i < text.length(); i++) {
			char c = text.charAt(i);
			if (c <= ' ' || c >= 0x7F || "\"(),/:;<=>?@[\\]{}".indexOf(c) >= 0) {
				return false;
			}
		}
		return !text.isEmpty();
	}

}
