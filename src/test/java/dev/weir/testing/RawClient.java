package dev.weir.testing;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;

/**
 * A client on a raw socket, for what a tidy HTTP client hides: the very bytes that came
 * and how the connection ended. It never waits longer than five seconds for a byte.
 */
public final class RawClient implements AutoCloseable {

	private static final int PATIENCE_MILLIS = 5000;

	private final Socket socket;

	private final ByteArrayOutputStream received = new ByteArrayOutputStream();

	private RawClient(int port, int receiveBuffer) throws IOException {
		this.socket = new Socket();
		if (receiveBuffer > 0) {
			this.socket.setReceiveBufferSize(receiveBuffer);
		}
		this.socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), PATIENCE_MILLIS);
		this.socket.setTcpNoDelay(true);
		this.socket.setSoTimeout(PATIENCE_MILLIS);
	}

	/**
	 * Connects to Weir.
	 * @param weir the running Weir
	 * @return the client
	 */
	public static RawClient of(WeirServer weir) {
		return withReceiveBuffer(weir, 0);
	}

	/**
	 * Connects to Weir with a receive buffer of a certain size.
	 * @param weir the running Weir
	 * @param bytes the size, 0 for the system's own choice
	 * @return the client
	 */
	public static RawClient withReceiveBuffer(WeirServer weir, int bytes) {
		try {
			return new RawClient(weir.port(), bytes);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	/**
	 * Sends text as it is.
	 * @param text the bytes, in UTF-8
	 * @return this
	 */
	public RawClient write(String text) {
		try {
			OutputStream out = this.socket.getOutputStream();
			out.write(text.getBytes(StandardCharsets.UTF_8));
			out.flush();
			return this;
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	/**
	 * Sends a request with a JSON body.
	 * @param target the path and query
	 * @param body the body
	 * @param headers header lines
	 * @return this
	 */
	public RawClient post(String target, String body, String... headers) {
		StringBuilder head = new StringBuilder("POST " + target + " HTTP/1.1\r\nhost: weir\r\n");
		for (String header : headers) {
			head.append(header).append("\r\n");
		}
		return write(head + "content-type: application/json\r\ncontent-length: "
				+ body.getBytes(StandardCharsets.UTF_8).length + "\r\n\r\n" + body);
	}

	/**
	 * Reads until a text has come.
	 * @param text the text
	 * @return everything so far, each byte as a character
	 */
	public String readUntil(String text) {
		while (!received().contains(text)) {
			if (!readOn()) {
				throw new AssertionError("The connection ended before '" + text + "' came: " + received());
			}
		}
		return received();
	}

	/**
	 * Reads until the connection ends, by FIN or by RST.
	 * @return everything that came, each byte as a character
	 */
	public String readToEnd() {
		while (readOn()) {
			// until there is no more
		}
		return received();
	}

	/**
	 * Reads a long chunked response to its end without keeping it.
	 * @return how many bytes came
	 */
	public long countToTheLastChunk() {
		long count = 0;
		while (!received().endsWith("\r\n0\r\n\r\n")) {
			byte[] last = this.received.toByteArray();
			this.received.reset();
			// the end may come in two pieces
			int kept = Math.min(last.length, 6);
			this.received.write(last, last.length - kept, kept);
			count += last.length - kept;
			if (!readOn()) {
				throw new AssertionError("The connection ended after " + count + " bytes");
			}
		}
		return count + this.received.size();
	}

	/**
	 * What has come so far.
	 * @return each byte as a character
	 */
	public String received() {
		return this.received.toString(StandardCharsets.ISO_8859_1);
	}

	private boolean readOn() {
		byte[] bytes = new byte[65536];
		try {
			int count = this.socket.getInputStream().read(bytes);
			if (count > 0) {
				this.received.write(bytes, 0, count);
			}
			return count >= 0;
		}
		catch (SocketTimeoutException ex) {
			throw new AssertionError("Nothing came for " + PATIENCE_MILLIS + " ms after: " + received(), ex);
		}
		catch (SocketException ex) {
			// a reset
			return false;
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	/**
	 * Breaks the connection off with a TCP reset.
	 */
	public void reset() {
		try {
			this.socket.setSoLinger(true, 0);
			this.socket.close();
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	@Override
	public void close() {
		try {
			this.socket.close();
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

}
