package dev.weir.response;

import org.jspecify.annotations.Nullable;

/**
 * Reads a {@link ResponseBody}. Called on the loop of the request, never while it is
 * still in a call before.
 */
public interface BodyReader {

	/**
	 * Bytes that were asked for have come.
	 * @param bytes at least one byte; the array belongs to the reader from now on
	 */
	void onBytes(byte[] bytes);

	/**
	 * The body has ended.
	 * @param error why it ended early, or {@code null} if it is complete
	 */
	void onEnd(@Nullable Throwable error);

}
