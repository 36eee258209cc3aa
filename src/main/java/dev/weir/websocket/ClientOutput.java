package dev.weir.websocket;

import java.util.List;

import org.jspecify.annotations.Nullable;

/**
 * The messages for a client in Responses mode. Those of several backends are never mixed:
 * while one backend is in the middle of a message, the others wait. The backends and the
 * client are read only as fast as the client reads. Used on the event loop of the client
 * only.
 */
final class ClientOutput {

	private final SocketPeer client;

	private final BackendLinks links;

	/** The backend in the middle of whose message the client is. */
	private @Nullable BackendLink sender;

	/**
	 * Creates the output.
	 * @param client the client
	 * @param links the backends that send
	 */
	ClientOutput(SocketPeer client, BackendLinks links) {
		this.client = client;
		this.links = links;
	}

	/**
	 * Whether a backend may send to the client now.
	 * @param link the backend
	 * @return whether the client is not in the middle of another one's message
	 */
	boolean mayPass(BackendLink link) {
		return this.sender == null || this.sender == link;
	}

	/**
	 * Whether the client is in the middle of a message of a backend.
	 * @param link the backend
	 * @return whether no other message can be written before its remainder
	 */
	boolean isInside(BackendLink link) {
		return this.sender == link;
	}

	/**
	 * Passes frames to the client.
	 * @param link the backend that sent them
	 * @param parts the frames
	 * @param complete whether they end a message
	 */
	void pass(BackendLink link, List<FramePart> parts, boolean complete) {
		for (FramePart part : parts) {
			this.client.write(part);
		}
		this.sender = complete ? null : link;
		if (complete) {
			link.takeAfterMessage().forEach((error) -> this.client.write(FrameHeader.TEXT, error));
		}
		pauseIfSlow();
		if (complete && !isSlow()) {
			resume();
		}
	}

	/**
	 * Writes an error to the client, after the message of a backend that it is in the
	 * middle of.
	 * @param error the error
	 */
	void write(byte[] error) {
		if (this.sender == null) {
			this.client.write(FrameHeader.TEXT, error);
			this.client.flush();
			pauseIfSlow();
		}
		else {
			this.sender.afterMessage(error);
			this.links.readClient();
		}
	}

	/**
	 * Passes a ping or a pong of a backend.
	 * @param part the frame
	 */
	void passControl(FramePart part) {
		this.client.write(part);
		pauseIfSlow();
	}

	/**
	 * Responds to a ping of the client.
	 * @param payload the payload of the ping
	 */
	void writePong(byte[] payload) {
		this.client.write(FrameHeader.PONG, payload);
		pauseIfSlow();
	}

	boolean isSlow() {
		return !this.client.isWritable();
	}

	private void pauseIfSlow() {
		if (isSlow()) {
			this.client.flush();
			this.links.all().forEach(this::read);
			this.links.readClient();
		}
	}

	/**
	 * Passes the messages that have waited to the client, and reads the backends that may
	 * send, and the client.
	 */
	void resume() {
		for (BackendLink link : this.links.all()) {
			if (mayPass(link)) {
				link.passBlocked();
			}
			// what was passed may have filled the client's buffer again, or have begun a
			// message that others must wait for
			read(link);
		}
		this.links.readClient();
	}

	/**
	 * Reads a backend if the client can take what it sends, and if it reads Weir's pongs.
	 * @param link the backend
	 */
	void read(BackendLink link) {
		link.peer().read(!isSlow() && mayPass(link) && link.readsPongs());
	}

	void flush() {
		this.client.flush();
	}

}
