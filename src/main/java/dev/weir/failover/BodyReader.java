package dev.weir.failover;

import org.jspecify.annotations.Nullable;

/**
 * Reads an {@link UpstreamBody}. Called by one thread at a time.
 */
interface BodyReader {

	/**
	 * The bytes that were asked for.
	 * @param bytes at least one byte, the reader's own from now on
	 */
	void bytes(byte[] bytes);

	/**
	 * There is no more.
	 * @param error why, or {@code null} if the body is complete
	 */
	void end(@Nullable Throwable error);

}
