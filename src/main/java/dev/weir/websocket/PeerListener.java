package dev.weir.websocket;

/**
 * Receives the events of a {@link SocketPeer}, on the event loop of its connection.
 */
interface PeerListener {

	/**
	 * A frame, or a part of one, has arrived. Close frames are not included.
	 * @param from the side that sent it
	 * @param part the part, to be written or released
	 */
	void onPart(SocketPeer from, FramePart part);

	/**
	 * All bytes that have arrived so far were passed on.
	 * @param from the side that sent them
	 */
	void onReadComplete(SocketPeer from);

	/**
	 * A side takes frames again.
	 * @param side the side
	 */
	void onWritable(SocketPeer side);

	/**
	 * A close frame has arrived.
	 * @param from the side that sent it
	 * @param reason its code and text
	 */
	void onClose(SocketPeer from, CloseReason reason);

	/**
	 * A side has sent what is not allowed; a close frame was sent to it.
	 * @param from the side
	 * @param error the error
	 */
	void onError(SocketPeer from, FrameException error);

	/**
	 * A side has read nothing for too long; its connection is being closed.
	 * @param side the side
	 */
	void onStall(SocketPeer side);

	/**
	 * The connection of a side has ended.
	 * @param side the side
	 */
	void onEnd(SocketPeer side);

}
