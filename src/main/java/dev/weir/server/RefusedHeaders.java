package dev.weir.server;

import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.HttpHeaderNames;
import org.jspecify.annotations.Nullable;

/**
 * The headers of the empty request that replaces a refused one, so that the refusal is
 * sent in order after the replies to earlier requests, and like every other error.
 * {@link EntryFilter} recognizes a refused request by this class, which no client can
 * forge.
 */
final class RefusedHeaders extends DefaultHttpHeaders {

	private final ProtocolError error;

	/**
	 * Creates the headers.
	 * @param error why the request is refused
	 * @param origin the origin of the refused request, for the CORS headers of the reply,
	 * or {@code null} if it had none
	 */
	RefusedHeaders(ProtocolError error, @Nullable String origin) {
		this.error = error;
		set(HttpHeaderNames.HOST, "refused.invalid");
		if (origin != null) {
			set(HttpHeaderNames.ORIGIN, origin);
		}
	}

	ProtocolError error() {
		return this.error;
	}

}
