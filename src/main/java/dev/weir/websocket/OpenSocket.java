package dev.weir.websocket;

/**
 * A WebSocket that is open between a client and its backends.
 */
interface OpenSocket {

	/**
	 * The side of the client.
	 * @return the side
	 */
	SocketPeer client();

	/**
	 * Whether it has ended.
	 * @return whether it is no longer open
	 */
	boolean isClosed();

	/** Closes the connections when no response is running. */
	void drain();

	/** Closes the connections now. */
	void closeNow();

	/**
	 * Runs a task on the event loop of the socket.
	 * @param task the task
	 */
	void run(Runnable task);

}
