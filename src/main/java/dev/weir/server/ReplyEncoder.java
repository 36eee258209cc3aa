package dev.weir.server;

import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseEncoder;
import io.netty.handler.codec.http.HttpStatusClass;

/**
 * Netty's response encoder, which takes from {@link PendingMethods} whether a reply is
 * one to HEAD and has no body.
 */
final class ReplyEncoder extends HttpResponseEncoder {

	private final PendingMethods methods;

	ReplyEncoder(PendingMethods methods) {
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
