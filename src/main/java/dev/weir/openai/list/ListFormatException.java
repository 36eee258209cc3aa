package dev.weir.openai.list;

/**
 * A response that is not the list or the object that was asked for. Its message is for
 * logs and errors, and fits after "its response".
 */
public final class ListFormatException extends RuntimeException {

	ListFormatException(String message) {
		super(message, null, false, false);
	}

}
