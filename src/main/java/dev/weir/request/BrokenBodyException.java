package dev.weir.request;

/**
 * The framing of a request's body is broken (RFC 9112, section 7.1): where it ends is not
 * known, so it is no call.
 */
public final class BrokenBodyException extends ClientGoneException {

	/**
	 * Makes one.
	 */
	public BrokenBodyException() {
		super("The request's chunks are malformed");
	}

}
