package dev.weir.request;

/**
 * The chunked framing of a request's body is invalid (RFC 9112, section 7.1), so the end
 * of the body is unknown.
 */
public final class BrokenBodyException extends ClientGoneException {

	/**
	 * Creates the exception.
	 */
	public BrokenBodyException() {
		super("The request's chunks are malformed");
	}

}
