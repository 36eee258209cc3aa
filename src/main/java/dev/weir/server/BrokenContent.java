package dev.weir.server;

import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.DefaultHttpContent;

/**
 * Stands in a request's body where its framing broke. Reactor Netty takes content that
 * could not be decoded for the end of the body, at which a backend's request is
 * completed; this is content like any other until {@link BrokenBodyHandler} meets it.
 */
final class BrokenContent extends DefaultHttpContent {

	BrokenContent() {
		super(Unpooled.EMPTY_BUFFER);
	}

}
