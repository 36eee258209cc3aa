package dev.weir.list;

/** A page has more bytes than are read. A smaller one may be short enough. */
final class BodyTooLongException extends RuntimeException {

	BodyTooLongException() {
		super("The page is too long", null, false, false);
	}

}
