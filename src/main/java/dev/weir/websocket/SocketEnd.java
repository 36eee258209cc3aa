package dev.weir.websocket;

/**
 * The close reasons with which Weir reports to one side how the other one ended.
 */
final class SocketEnd {

	/** Weir stops. */
	static final CloseReason STOPPING = new CloseReason(CloseReason.GOING_AWAY, "The server is stopping");

	/** The configuration has no such backend any more. */
	static final CloseReason RECONFIGURED = new CloseReason(CloseReason.GOING_AWAY, "The configuration has changed");

	/** For the other backends of a client that is closed because one of them failed. */
	static final CloseReason OTHER_BACKEND_FAILED = new CloseReason(CloseReason.GOING_AWAY,
			"Another backend of the client failed");

	/** For a backend whose response is not waited for any more. */
	static final CloseReason GIVEN_UP = new CloseReason(CloseReason.GOING_AWAY, "The response was given up");

	private SocketEnd() {
	}

	/**
	 * The reason for the other side of one that ended abnormally.
	 * @param ended the side that ended
	 * @param why why, without any of its bytes
	 * @return the reason
	 */
	static CloseReason of(SocketPeer ended, String why) {
		return ended.isBackend() ? new CloseReason(CloseReason.BAD_GATEWAY, "The backend failed: " + why)
				: new CloseReason(CloseReason.INTERNAL_ERROR, "The client of the gateway failed: " + why);
	}

}
