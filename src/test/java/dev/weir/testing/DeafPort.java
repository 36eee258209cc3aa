package dev.weir.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;

/**
 * A port that neither accepts nor refuses connections: its queue of connections to accept
 * is full, and Linux drops each further SYN.
 */
public final class DeafPort implements AutoCloseable {

	private static final int PATIENCE_MILLIS = 200;

	private static final int MAX_QUEUE = 20;

	private final ServerSocket server;

	private final List<Socket> queue = new ArrayList<>();

	private DeafPort() throws IOException {
		this.server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
		while (fits()) {
			if (this.queue.size() > MAX_QUEUE) {
				throw new IOException("The queue of connections does not fill");
			}
		}
	}

	public static DeafPort open() {
		try {
			return new DeafPort();
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	private boolean fits() throws IOException {
		Socket socket = new Socket();
		this.queue.add(socket);
		try {
			socket.connect(this.server.getLocalSocketAddress(), PATIENCE_MILLIS);
			return true;
		}
		catch (SocketTimeoutException ex) {
			return false;
		}
	}

	public URI url() {
		return URI.create("http://127.0.0.1:" + this.server.getLocalPort());
	}

	@Override
	public void close() {
		try {
			for (Socket socket : this.queue) {
				socket.close();
			}
			this.server.close();
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

}
