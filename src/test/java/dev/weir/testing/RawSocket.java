package dev.weir.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;

/**
 * Opens and ends the connections of raw clients.
 */
final class RawSocket {

	static final int TIMEOUT_MILLIS = 20_000;

	private RawSocket() {
	}

	/**
	 * Connects to a server on this machine.
	 * @param port its port
	 * @param receiveBuffer the size of the receive buffer, 0 for the system's default
	 * @return the connected socket, with a timeout for reading
	 * @throws IOException if the connection is refused
	 */
	static Socket connect(int port, int receiveBuffer) throws IOException {
		Socket socket = new Socket();
		if (receiveBuffer > 0) {
			socket.setReceiveBufferSize(receiveBuffer);
		}
		socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), TIMEOUT_MILLIS);
		socket.setTcpNoDelay(true);
		socket.setSoTimeout(TIMEOUT_MILLIS);
		return socket;
	}

	/**
	 * Ends a connection with a TCP reset.
	 * @param socket the socket
	 */
	static void reset(Socket socket) {
		try {
			socket.setSoLinger(true, 0);
			socket.close();
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	/**
	 * Ends a connection.
	 * @param socket the socket
	 */
	static void close(Socket socket) {
		try {
			socket.close();
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

}
