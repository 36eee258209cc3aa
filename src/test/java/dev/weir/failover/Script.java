package dev.weir.failover;

import java.io.ByteArrayOutputStream;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

import org.jspecify.annotations.Nullable;

/**
 * The behaviour of a simulated backend for one call, and its meaning by the rules of the
 * design. The meaning is defined with the script and not read from Weir.
 *
 * @param headAfter nanoseconds until the response headers or the failure in their place
 * @param failure the error in place of response headers, or {@code null}
 * @param silent whether the backend never responds
 * @param status the HTTP status
 * @param headers the response headers
 * @param pieces the parts of the body, in order of arrival
 * @param ending how the body ends
 * @param endAfter nanoseconds from the last piece to the end
 * @param meaning the meaning of the response if it is read to its end
 * @param delay returns the delay that a refusal names, given the time at which it is
 * read; {@code null} for none
 * @param inEvent whether the first event with content decides the meaning, not the status
 * @param lateNanos nanoseconds from the first sign of life to the error event, if that
 * event decides the meaning
 * @param events the complete events of a stream, in order
 * @param text the text of the stream if it ends regularly
 */
record Script(long headAfter, @Nullable Throwable failure, boolean silent, int status, Map<String, String> headers,
		List<Piece> pieces, Ending ending, long endAfter, Meaning meaning, Function<Instant, @Nullable Duration> delay,
		boolean inEvent, long lateNanos, byte[] events, String text) {

	byte[] body() {
		ByteArrayOutputStream all = new ByteArrayOutputStream();
		this.pieces.forEach((piece) -> all.writeBytes(piece.bytes()));
		return all.toByteArray();
	}

	boolean isSuccess() {
		return this.status < 400;
	}

	boolean isWholeSuccess() {
		return isSuccess() && this.ending == Ending.WHOLE && this.meaning == Meaning.SERVED;
	}

	/**
	 * Whether a body that is not a stream decides its meaning, after a success status.
	 */
	boolean inBody() {
		return isSuccess() && !this.inEvent && this.meaning == Meaning.THROTTLED;
	}

	/** A part of a body, and the time since the previous part. */
	record Piece(long after, byte[] bytes) {
	}

	/** How a body ends. */
	enum Ending {

		WHOLE, BREAK, HANG

	}

	/** The meaning of a response. */
	enum Meaning {

		SERVED, BROKEN, THROTTLED, OUT_OF_QUOTA, FAILED, DENIED, DENIED_SILENTLY, DENIED_BY_PAGE, NOT_SERVED,
		NO_OPERATION, TOO_LONG, TOO_LARGE, REJECTED

	}

}
