package dev.weir.websocket;

/**
 * The close reasons with which Weir reports to one side how the other one ended.
 */
final class SocketEnd {

	/** Weir stops. */
	static final CloseReason STOPPING = new CloseReason(CloseReason.GOING_AWAY, "The server is stopping");

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
