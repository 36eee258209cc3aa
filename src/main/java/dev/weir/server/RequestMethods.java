package dev.weir.server;

import java.util.ArrayDeque;
import java.util.Queue;

import io.netty.handler.codec.http.HttpMethod;

/**
 * The methods of the requests on one connection that have no reply yet, in their order. A
 * reply to HEAD has no body, whatever its headers say (RFC 9112, section 6.3).
 */
final class RequestMethods {

	/** The most requests a client may send ahead of the replies. */
	static final int MAX_PIPELINED = 128;

	private final Queue<HttpMethod> methods = new ArrayDeque<>(4);

	/**
	 * Adds the method of a request that was read.
	 * @param method the method
	 * @return {@code false} if there are too many already
	 */
	boolean add(HttpMethod method) {
		return this.methods.size() < MAX_PIPELINED && this.methods.add(method);
	}

	/**
	 * Takes the method of the request whose reply begins.
	 * @return whether it is HEAD
	 */
	boolean nextIsHead() {
		return HttpMethod.HEAD.equals(this.methods.poll());
	}

}
