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
 * What the head of a request must be like (RFC 9112, sections 2.3, 3 and 6.1), beyond
 * what Netty's decoder checks.
 */
final class HeadRules {

	/** What says where a message ends, or whom it is for. */
	private static final Set<String> FRAMING = Set.of("content-length", "transfer-encoding", "host", "connection",
			"content-encoding", "content-type", "upgrade", "expect", "te");

	private HeadRules() {
	}

	/**
	 * Finds what is wrong with a head.
	 * @param request the request, as it was decoded
	 * @return {@code null} if it may be served
	 */
	static @Nullable Refusal check(HttpRequest request) {
		HttpHeaders headers = request.headers();
		if (request.decoderResult().isFailure()) {
			return undecodable(request.decoderResult().cause(), headers);
		}
		if (request.protocolVersion().majorVersion() != 1) {
			return new Refusal(505, "This server speaks HTTP/1.1; the request says " + request.protocolVersion() + ".",
					"http_version_not_supported");
		}
		Refusal refusal = checkTransferCoding(headers);
		if (refusal == null) {
			refusal = checkHost(request);
		}
		if (refusal == null) {
			refusal = checkTarget(request);
		}
		return (refusal != null) ? refusal : checkNames(headers);
	}

	private static Refusal undecodable(Throwable cause, HttpHeaders headers) {
		if (cause instanceof TooLongHttpLineException) {
			return new Refusal(414, "The request line is too long.", "uri_too_long");
		}
		if (cause instanceof TooLongHttpHeaderException) {
			return new Refusal(431,
					"The request's headers are too long; server.max-http-request-header-size bounds" + " them.",
					"headers_too_long");
		}
		Refusal coding = checkTransferCoding(headers);
		return (coding != null) ? coding
				: Refusal.badRequest("The head of the request is not valid HTTP/1.1 (RFC 9112).");
	}

	/** Only {@code chunked} is known (RFC 9112, section 6.1). */
	private static @Nullable Refusal checkTransferCoding(HttpHeaders headers) {
		String first = headers.get(HttpHeaderNames.TRANSFER_ENCODING);
		if (first == null || HttpHeaderValues.CHUNKED.contentEqualsIgnoreCase(first)) {
			return null;
		}
		String all = String.join(",", headers.getAll(HttpHeaderNames.TRANSFER_ENCODING));
		boolean unknown = false;
		for (String coding : all.split(",", -1)) {
			String name = coding.strip();
			if (!isToken(name)) {
				return Refusal.badRequest("The transfer-encoding of the request is malformed.");
			}
			unknown |= !HttpHeaderValues.CHUNKED.contentEqualsIgnoreCase(name);
		}
		return unknown
				? new Refusal(501, "The only transfer coding that this server knows is chunked.",
						"unknown_transfer_coding")
				: Refusal.badRequest("The transfer-encoding of the request names chunked more than once.");
	}

	/** Exactly one (RFC 9112, section 3.2), but for HTTP/1.0, which need not have it. */
	private static @Nullable Refusal checkHost(HttpRequest request) {
		Iterator<String> hosts = request.headers().valueStringIterator(HttpHeaderNames.HOST);
		if (!hosts.hasNext()) {
			return request.protocolVersion().equals(HttpVersion.HTTP_1_0) ? null
					: Refusal.badRequest("The request has no Host header.");
		}
		String host = hosts.next();
		if (hosts.hasNext()) {
			return Refusal.badRequest("The request has more than one Host header.");
		}
		return RequestTarget.isAuthority(host) ? null
				: Refusal.badRequest("The Host header is not a host with an optional port.");
	}

	private static @Nullable Refusal checkTarget(HttpRequest request) {
		String target = request.uri();
		if (!RequestTarget.isUri(target)) {
			return Refusal
				.badRequest("The request's target has a malformed escape or a character that must be percent-encoded.");
		}
		if (target.startsWith("/") || request.method().equals(HttpMethod.CONNECT)
				|| (target.equals("*") && request.method().equals(HttpMethod.OPTIONS))) {
			return null;
		}
		String host = request.headers().get(HttpHeaderNames.HOST);
		String path = RequestTarget.pathOfAbsolute(target, host);
		if (path == null) {
			return Refusal.badRequest("The request's target is neither a path nor a URL of the host it names.");
		}
		request.setUri(path);
		return null;
	}

	/** Some servers read an underscore as a dash. */
	private static @Nullable Refusal checkNames(HttpHeaders headers) {
		Iterator<Map.Entry<CharSequence, CharSequence>> all = headers.iteratorCharSequence();
		while (all.hasNext()) {
			CharSequence name = all.next().getKey();
			for (int i = 0; i < name.length(); i++) {
				if (name.charAt(i) == '_'
						&& FRAMING.contains(name.toString().replace('_', '-').toLowerCase(Locale.ROOT))) {
					return Refusal.badRequest("The header " + name + " could be taken for another one.");
				}
			}
		}
		return null;
	}

	/**
	 * Takes away the headers that the client's {@code Connection} names: they were meant
	 * for this hop (RFC 9110, section 7.6.1). What describes the message itself stays.
	 * @param headers the request's
	 */
	static void removeHopByHop(HttpHeaders headers) {
		String connection = headers.get(HttpHeaderNames.CONNECTION);
		if (connection == null || HttpHeaderValues.KEEP_ALIVE.contentEqualsIgnoreCase(connection)
				|| HttpHeaderValues.CLOSE.contentEqualsIgnoreCase(connection)) {
			return;
		}
		List<String> values = headers.getAll(HttpHeaderNames.CONNECTION);
		for (String value : values) {
			for (String option : value.split(",")) {
				String name = option.strip();
				if (!name.isEmpty() && !FRAMING.contains(name.toLowerCase(Locale.ROOT))) {
					headers.remove(name);
				}
			}
		}
	}

	/** RFC 9110, section 5.6.2. */
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
