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
 * @param failure what comes in place of response headers, or {@code null}
 * @param silent whether nothing ever comes
 * @param status the HTTP status
 * @param headers the response headers
 * @param pieces the body as it comes
 * @param ending how the body ends
 * @param endAfter nanoseconds from the last piece to the end
 * @param meaning what it comes to if all of it is read
 * @param delay the delay that a refusal names, given the time it is read at; {@code null}
 * for none
 * @param inEvent whether the meaning is told by the first real event, not by the status
 * @param lateNanos nanoseconds from the first sign of life to the error event, if that is
 * what tells the meaning
 * @param events the whole events of a stream that come before it ends, as they come
 * @param text what the stream says if it ends well
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
	 * Whether its meaning is told by a body that is no stream, behind a status of
	 * success.
	 */
	boolean inBody() {
		return isSuccess() && !this.inEvent && this.meaning == Meaning.THROTTLED;
	}

	/** A part of a body and how long after the last one it comes. */
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
