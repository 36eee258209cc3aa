package dev.weir.server;

import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.HttpHeaderNames;
import org.jspecify.annotations.Nullable;

/**
 * The headers of the harmless request that takes the place of a refused one, so that the
 * refusal is replied to in its turn and like every other error. No client can make them:
 * it is their class that {@link RefusalFilter} looks at.
 */
final class RefusedHeaders extends DefaultHttpHeaders {

	private final Refusal refusal;

	/**
	 * Makes some.
	 * @param refusal why the request is refused
	 * @param origin the web page's origin for the CORS headers of the reply, or
	 * {@code null} if there was none
	 */
	RefusedHeaders(Refusal refusal, @Nullable String origin) {
		this.refusal = refusal;
		set(HttpHeaderNames.HOST, "refused.invalid");
		if (origin != null) {
			set(HttpHeaderNames.ORIGIN, origin);
		}
	}

	Refusal refusal() {
		return this.refusal;
	}

}
