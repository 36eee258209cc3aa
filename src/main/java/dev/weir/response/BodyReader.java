package dev.weir.response;

import org.jspecify.annotations.Nullable;

/**
 * Reads a {@link ResponseBody}. Called on the loop of the request, and never again before
 * the previous call has returned.
 */
public interface BodyReader {

	/**
	 * Receives bytes that were requested.
	 * @param bytes at least one byte; the reader owns the array
	 */
	void onBytes(byte[] bytes);

	/**
	 * The body has ended.
	 * @param error the reason if it ended early, or {@code null} if it is complete
	 */
	void onEnd(@Nullable Throwable error);

}
