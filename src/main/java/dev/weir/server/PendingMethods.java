package dev.weir.server;

import java.util.ArrayDeque;
import java.util.Queue;

import io.netty.handler.codec.http.HttpMethod;

/**
 * The methods of the pipelined requests on one connection that have no reply yet, in
 * order. A reply to HEAD has no body, whatever its headers are (RFC 9112, section 6.3).
 */
final class PendingMethods {

	/** The maximum number of requests without a reply on one connection. */
	static final int MAX_PIPELINED = 128;

	private final Queue<HttpMethod> methods = new ArrayDeque<>(4);

	/**
	 * Adds the method of a request.
	 * @param method the method
	 * @return {@code false} if there are {@link #MAX_PIPELINED} already
	 */
	boolean add(HttpMethod method) {
		return this.methods.size() < MAX_PIPELINED && this.methods.add(method);
	}

	/**
	 * Removes the method of the request whose reply begins.
	 * @return whether it is HEAD
	 */
	boolean nextIsHead() {
		return HttpMethod.HEAD.equals(this.methods.poll());
	}

}
