package dev.weir.server;

import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseEncoder;
import io.netty.handler.codec.http.HttpStatusClass;

/**
 * Netty's encoder, which knows of each reply whether it is one to HEAD.
 */
final class ResponseEncoder extends HttpResponseEncoder {

	private final RequestMethods methods;

	ResponseEncoder(RequestMethods methods) {
		this.methods = methods;
	}

	@Override
	protected boolean isContentAlwaysEmpty(HttpResponse response) {
		if (response.status().codeClass() == HttpStatusClass.INFORMATIONAL) {
			return super.isContentAlwaysEmpty(response);
		}
		return this.methods.nextIsHead() || super.isContentAlwaysEmpty(response);
	}

}
