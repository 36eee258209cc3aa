package dev.weir.websocket;

/**
 * A peer has sent what a WebSocket does not allow, so the connection must be closed.
 */
final class FrameException extends RuntimeException {

	private final int code;

	/**
	 * Reports an error of a peer.
	 * @param code the close code for the peer
	 * @param problem what it has sent, for log and close frame, without any of its bytes
	 */
	FrameException(int code, String problem) {
		super(problem, null, false, false);
		this.code = code;
	}

	int code() {
		return this.code;
	}

	String problem() {
		return String.valueOf(getMessage());
	}

}
